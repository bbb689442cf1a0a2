//! JSON by lines (`application/x-ndjson`): each line is one value, as Ollama answers.
//!
//! [`JsonLinesReader`] cuts a stream into [`JsonLine`]s wherever the reads happened to end; [`json_line`] makes one. What
//! stands in a line is not looked at.

mod line;
mod reader;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use line::{JsonLine, json_line};
pub use reader::{JsonLinesError, JsonLinesReader};
