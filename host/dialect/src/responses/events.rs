//! Streams.

mod call;
mod decode;
mod encode;
mod failure;
mod message;
mod open;
mod output;
mod pieces;
mod thought;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use decode::ResponsesDecoder;
pub use encode::ResponsesEncoder;
