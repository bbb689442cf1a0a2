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

pub use decode::ResponsesDecoder;
pub use encode::ResponsesEncoder;
