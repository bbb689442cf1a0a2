//! What is answered, whole.

mod decode;
mod encode;
mod message;

pub(super) use decode::MOST_CHOICES;
pub use decode::decode_answer;
pub use encode::encode_answer;
pub(super) use encode::made_id;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
