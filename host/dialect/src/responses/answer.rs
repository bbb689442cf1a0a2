//! Whole answers.

mod decode;
mod encode;
mod output;

pub use decode::decode_answer;
pub use encode::encode_answer;
