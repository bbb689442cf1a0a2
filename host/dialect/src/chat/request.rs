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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod own_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod spoken_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod target_tests;
