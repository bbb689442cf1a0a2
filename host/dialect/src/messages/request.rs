//! Requests (`MessageCreateParams` in Anthropic's specification).

mod decode;
mod encode;
mod params;
mod thinking;
mod tools;
mod turns;

pub use decode::decode_request;
pub use encode::encode_request;
pub(in crate::messages) use encode::{write_asked, write_back};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
