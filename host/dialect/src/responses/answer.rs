//! Whole answers.

mod decode;
mod encode;
mod output;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use decode::decode_answer;
pub use encode::encode_answer;
