//! The host's side of the contract: the interfaces that guests import.

mod callouts;
mod clock;
mod counters;
mod events;
mod kv;
pub(crate) mod link;
mod log;
mod notes;
mod offer;
mod random;
mod reply;
mod request;
mod secrets;
mod upstream;
