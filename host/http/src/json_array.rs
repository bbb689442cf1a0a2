//! A stream that is one JSON array, whose elements come one by one: Gemini's `streamGenerateContent` without `alt=sse`.
//!
//! [`JsonArrayReader`] gives out each element as soon as its last byte is there, wherever the reads happened to end, and
//! checks it as it does. An element is an object, as all of Gemini's are. Where an error is answered, one object may stand in
//! the place of the array. [`JsonArrayWriter`] makes such a stream.

mod reader;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use reader::{JsonArrayError, JsonArrayReader};
pub use writer::JsonArrayWriter;
