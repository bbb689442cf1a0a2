//! Whose key is it, may it ask for this model, and is there room: `token -> Caller -> Seat`.
//!
//! [`Tenants`] is a read-only snapshot of the configured tenants and keys. [`Tenants::identify`] turns a token into a
//! [`Caller`]; [`Caller::admit`] takes one request from the rate and one seat from the concurrency limit of both the
//! key and its tenant, and returns a [`Seat`] that frees both when it is dropped.
//!
//! Nothing here locks, waits or reads a clock: the caller passes the moment in. The counters are atomics shared by
//! every worker thread, and [`Tenants::build`] carries them from one configuration to the next.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod allow;
mod denied;
pub mod key;
mod meter;
mod rate;
mod signed;
mod tenants;

pub use denied::Denied;
pub use rate::Rate;
pub use signed::{ClaimedKey, SignedDenial};
pub use tenants::{ApiKey, Caller, Seat, Tenant, Tenants};
