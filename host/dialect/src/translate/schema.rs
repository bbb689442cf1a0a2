//! Schemas of arguments and answers, for wires that know a part of JSON Schema.

pub mod gemini;
mod inline;
mod restore;
mod types;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
