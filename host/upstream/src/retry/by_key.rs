//! What a failure comes to where a provider has several keys: what one is refused another may be given, at once.

use std::time::Duration;

use http::StatusCode;

use super::decision::{AttemptFailure, FailureKind, RetryDecision};
use super::status::{self, Class};
use crate::health::{AttemptVerdict, FoundFault, Ticket};
use crate::key_ring::KeyFault;

impl Ticket {
    /// What the failure of an attempt with this ticket comes to. Where the provider has one key, or the failure is not the
    /// key's, as it is. Otherwise the key is passed over for a while, and as long as another one may be sent, which
    /// [`take_other_key`](Self::take_other_key) does, nothing is said against the provider. Where none may, the failure is
    /// told as if there was one key, of which enough is there again when it is of the first.
    #[must_use]
    pub fn judge_key(&mut self, failure: AttemptFailure) -> AttemptFailure {
        if !self.has_key() {
            return failure;
        }
        let Some(fault) = found(&failure) else { return failure };
        if self.key_failed(fault) {
            let what = match failure.what {
                FailureKind::Status(status, _) => FailureKind::Status(status, Some(Duration::ZERO)),
                what => what,
            };
            let retry = RetryDecision::Elsewhere { same: true, after: None, counts: true };
            return AttemptFailure { what, retry, health: None };
        }
        match (fault, self.key_due_in()) {
            (FoundFault::Account(_) | FoundFault::Limited(_), Some(due_in)) => limited(due_in),
            // Nothing is known of the key, which others are sent with.
            _ => failure,
        }
    }
}

/// What a failure says of the key that was sent; none where it is not about that.
fn found(failure: &AttemptFailure) -> Option<FoundFault> {
    match (&failure.what, failure.health) {
        (FailureKind::Status(status, after), _) if status::class(*status) == Class::RateLimited => {
            Some(FoundFault::Limited(*after))
        }
        (FailureKind::Account(StatusCode::UNAUTHORIZED), Some(_)) => Some(FoundFault::Account(KeyFault::Unauthorized)),
        (FailureKind::Account(StatusCode::PAYMENT_REQUIRED), Some(_)) => Some(FoundFault::Account(KeyFault::Unpaid)),
        (FailureKind::Account(StatusCode::FORBIDDEN), Some(_)) => Some(FoundFault::Forbidden),
        (FailureKind::Account(_), Some(_)) => Some(FoundFault::Account(KeyFault::Account)),
        (FailureKind::Account(_), None) => Some(FoundFault::Unclear),
        _ => None,
    }
}

/// All keys are passed over, and one only for so long.
fn limited(due_in: Duration) -> AttemptFailure {
    let after = Some(due_in);
    AttemptFailure {
        what: FailureKind::Status(StatusCode::TOO_MANY_REQUESTS, after),
        retry: RetryDecision::Elsewhere { same: true, after, counts: true },
        health: Some(AttemptVerdict::Refused { retry_after: after }),
    }
}

#[cfg(test)]
mod tests;
