//! Whole answers.

mod citation;
mod decode;
mod encode;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub(super) use citation::{read as read_citations, write as write_citation};
pub(super) use decode::BLOCKED;
pub use decode::decode_answer;
pub use encode::encode_answer;
pub(super) use encode::write_head;
