//! The host's side of the contract: the interfaces that guests import.

mod callouts;
mod clock;
mod counters;
mod events;
mod host_fn;
mod kv;
mod link;
mod log;
mod notes;
mod random;
mod reply;
mod request;
mod secrets;
mod upstream;

pub(crate) use host_fn::LinkTarget;
pub(crate) use link::link;
