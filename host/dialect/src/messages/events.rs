//! Streams of events (`MessageStreamEvent` in Anthropic's specification).

mod decode;
mod encode;
mod held;
mod lines;
mod open;
mod written;

pub use decode::MessagesDecoder;
pub use encode::MessagesEncoder;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
