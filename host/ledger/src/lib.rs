//! What was used and what it cost: an entry for each [`Permit`], exactly one close for every open.
//!
//! A request is chargeable from the moment its head is handed to an upstream. Just before, [`Account::permit`] gives a
//! [`Permit`] and opens its entry. It is a guard that the request's record owns: it is closed with an [`EndReason`] and [`Tokens`],
//! and dropping it in any other way (the client went, a task was cancelled, a panic unwound) closes it too, with what it had
//! seen.
//!
//! Sums are kept in memory, per tenant, model and provider, as many as the operator allows. Opening and closing take no
//! lock: that is what [`Ledger::account`] is for, whose answer is kept. Sums saturate instead of wrapping, because token
//! counts come from providers.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod labels;
mod ledger;
mod permit;
mod tally;
mod usage;

pub use ledger::{Account, Ledger, LedgerTotal};
pub use permit::Permit;
pub use tally::{ByProvenance, ByReason, Sum};
pub use usage::{EndReason, Provenance, Tokens};
pub use weir_config::Price;
