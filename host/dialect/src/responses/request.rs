//! Requests.

mod decode;
mod encode;
mod encode_tools;
mod encode_turns;
mod lines;
mod tools;
mod turns;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use decode::decode_request;
pub use encode::encode_request;
