//! Several keys of one provider: whose turn it is, and which are passed over for a while and why.
//!
//! Shared by all workers without a lock: a rotation that credits each key its weight, and for each key a bench of one word,
//! and one more for each model. Time is in milliseconds since the ring was made; a ring that takes over from another goes on
//! with that one's time.

mod bench;
mod model;
mod ring;
mod rotation;

pub(crate) use bench::BenchRules;
pub use bench::KeyFault;
pub use model::KeyAside;
pub(crate) use model::{KeyPass, ModelKeys};
pub(crate) use ring::{KeyRing, key_header};
