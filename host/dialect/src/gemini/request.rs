//! Requests.

mod config;
mod contents;
mod decode;
mod encode;
mod thinking;
mod tools;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use decode::decode_request;
pub use encode::encode_request;
