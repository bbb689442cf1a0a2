//! Streams: each event is an answer of its own, which says what is new.

mod arguments;
mod candidate;
mod decode;
mod encode;
mod failure;
mod kept;
mod path;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use decode::GeminiDecoder;
pub use encode::GeminiEncoder;
