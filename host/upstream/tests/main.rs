//! Tests of the way to providers, as one program, so that what they share is compiled and linked once. A file beside this one is a
//! module here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]
#![allow(missing_docs)]

mod support;

mod broken;
mod connect;
mod deadlines;
mod egress;
mod exchange;
mod http1;
mod http2;
mod http2_failures;
mod limits;
mod names;
mod reuse;
