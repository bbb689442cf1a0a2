//! Amazon Bedrock's conversations (Bedrock runtime API reference, Converse and ConverseStream), read into the canonical form and written of it.
//!
//! Sources: the service's description of itself (botocore, `bedrock-runtime`, version 2023-09-30), whose names of shapes are given
//! at their places, and what Bedrock was recorded to say.

mod answer;
mod blocks;
mod count;
mod events;
mod request;
mod rest;
mod usage;
mod vendor;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use answer::decode::decode_answer;
pub use answer::encode::encode_answer;
pub use count::{decode_count, encode_count};
pub use events::decode::ConverseDecoder;
pub use events::encode::ConverseEncoder;
pub use request::decode::decode_request;
pub use request::encode::encode_request;
pub use vendor::vendor_of_model;
