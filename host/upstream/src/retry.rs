//! Whether to ask again, how often, and how long to wait between two attempts.

mod backoff;
mod budget;
mod by_key;
mod decision;
mod retry_after;
pub mod status;

pub use backoff::Backoff;
pub use budget::RetryBudget;
pub use decision::{AttemptFailure, FailureKind, RetryDecision};
pub use retry_after::retry_after;
