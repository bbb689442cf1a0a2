//! What is asked.

mod decode;
mod encode;
mod messages;
mod offers;
mod params;
mod spoken;
mod thinking;
mod tools;
mod turns;

pub use decode::decode_request;
pub use encode::encode_request;

pub(super) use messages::write_said;
pub(super) use turns::{take_beside, take_content};
