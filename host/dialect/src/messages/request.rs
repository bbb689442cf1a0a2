//! Requests (`MessageCreateParams` in Anthropic's specification).

mod decode;
mod encode;
mod params;
mod thinking;
mod tools;
mod turns;

pub use decode::decode_request;
pub use encode::encode_request;
