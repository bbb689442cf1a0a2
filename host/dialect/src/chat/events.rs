//! What is answered, piece by piece.

mod blocks;
mod calls;
mod choice;
mod chunk;
mod decode;
mod encode;
mod failure;

pub use decode::ChatWireDecoder;
pub use encode::ChatWireEncoder;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod order_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod read_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod write_tests;
