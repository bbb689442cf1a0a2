//! What a request asks for, and the body that goes to the upstream for it.

mod decided;
mod error;
mod facts;
mod fixed;
mod foreign;
mod names;
mod outgoing;
mod read;
mod shape;
mod subject;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod told;

pub use decided::Decided;
pub use error::ReadError;
pub use facts::RequestFacts;
pub use foreign::check_body;
pub(crate) use read::read;
pub use shape::AskShapes;
