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
