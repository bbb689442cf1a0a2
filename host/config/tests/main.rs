//! Tests of the configuration as an operator writes it, as one program, so that what they share is compiled and linked once. A file beside this one is a
//! module here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]
#![allow(missing_docs)]

mod ceilings;
mod documented;
mod kinds;
#[path = "problems/main.rs"]
mod problems;
mod providers_page;
mod robust;
mod shipped;
mod told;
mod values;
