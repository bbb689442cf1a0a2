//! Tests of plugins: what they are asked, and what bounds them, as one program, so that what they share is compiled and linked once. A file beside this one is a
//! module here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]
#![allow(missing_docs)]

mod support;
#[path = "ways/told.rs"]
mod told;

mod all_text;
mod host_functions;
mod instances;
mod prepared;
mod streams;
mod trials;
mod ways;
