//! What a request used, in tokens: one type from the dialect that reads it to the ledger that keeps it.
//!
//! A provider says it in whole or in part ([`Usage`]); what nobody says is estimated of text ([`estimate_tokens`]).
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod estimate;
mod usage;

pub use estimate::{BYTES_PER_TOKEN, estimate_tokens};
pub use usage::Usage;
