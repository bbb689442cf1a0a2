//! Streams on their way to clients of other wires than chat, with what providers really streamed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)]

mod allowed;
mod beside;
mod changed;
mod decide;
mod failing;
mod play;
mod source;
mod speed;
mod unchanged;
