//! Whole answers (`Message` in Anthropic's specification).

mod decode;
mod encode;

pub use decode::decode_answer;
pub use encode::encode_answer;
pub(in crate::messages) use encode::message_id;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
