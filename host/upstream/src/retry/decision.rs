//! What a failed attempt comes to: what went wrong, who may be asked again, and what it says of the upstream's health.
//! No other file decides any of the three. What a failed attempt costs is for whoever holds the ledger's permit to say: nothing,
//! where others may be asked, for then nothing of it was done.

use std::time::Duration;

use http::StatusCode;

use super::status::Class;
use crate::error::{AttemptError, BodyError, Which};
use crate::health::AttemptVerdict;

/// An attempt that gave nothing to relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFailure {
    /// What went wrong.
    pub what: FailureKind,
    /// Whether and whom to ask again.
    pub retry: RetryDecision,
    /// How the attempt went for who was asked; none, where the failure is not its doing.
    pub health: Option<AttemptVerdict>,
}

/// What went wrong with an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// There was no connection to be had to the upstream.
    Busy {
        /// When it makes sense to come back.
        retry_after: Duration,
    },
    /// The request did not get there; one of the labels of [`UpstreamStats::errors`](crate::stats::UpstreamStats::errors).
    Unreachable(&'static str),
    /// The answer was not there in time, or not all of it.
    TimedOut,
    /// The upstream answered with a status that is no answer, and may have said when to come back.
    Status(StatusCode, Option<Duration>),
    /// The upstream does not serve the gateway's account, and said so with this status.
    Account(StatusCode),
    /// What came in place of an answer.
    NoAnswer(&'static str),
    /// The answer broke off, or is not HTTP.
    Broken,
    /// The answer, or a part of it, is larger than it may be.
    TooLarge {
        /// Which part: the last word of the limit's name.
        what: &'static str,
        /// In bytes.
        limit: usize,
    },
    /// Who reads the answer has no room left for it.
    NoRoom,
    /// The answer is in a content coding that was not asked for.
    Encoded,
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Nothing of it was done, or doing it twice does no harm: others may be asked.
    Elsewhere {
        /// The same upstream may have something better to say when it is asked again.
        same: bool,
        /// When it wants to be asked again, as far as it has said.
        after: Option<Duration>,
        /// It is one of the attempts that a request has; one that was refused unprocessed (RFC 9113 section 8.7) is not.
        counts: bool,
    },
    /// It may have been carried out, and be charged: nobody is asked.
    Never,
}

/// Others are asked, and the same again.
const ANYBODY: RetryDecision = RetryDecision::Elsewhere { same: true, after: None, counts: true };
/// Others are asked, and not the same.
const OTHERS: RetryDecision = RetryDecision::Elsewhere { same: false, after: None, counts: true };
/// It speaks against the upstream.
const FAILED: Option<AttemptVerdict> = Some(AttemptVerdict::Failed { retry_after: None });

impl AttemptError {
    /// What the attempt comes to. Where [`is_stale`](Self::is_stale) says so, the request is to be sent on a fresh
    /// connection first.
    ///
    /// The same request may be sent again when nothing of it was sent (RFC 9110 section 9.2.2), when the connection was
    /// stale, or when the method is idempotent and no answer came.
    #[must_use]
    pub fn decide(&self) -> AttemptFailure {
        let failure = |what, retry, health| AttemptFailure { what, retry, health };
        let unreachable = |retry, health| failure(FailureKind::Unreachable(self.kind()), retry, health);
        match *self {
            // Being busy here says nothing of the upstream.
            Self::Busy { retry_after } => failure(FailureKind::Busy { retry_after }, OTHERS, None),
            Self::Unresolved | Self::Connect(_) | Self::Tls(_) | Self::Timeout(Which::Connect) => {
                unreachable(ANYBODY, FAILED)
            }
            Self::Refused => unreachable(RetryDecision::Elsewhere { same: true, after: None, counts: false }, None),
            Self::Timeout(Which::FirstByte | Which::Total) => {
                failure(FailureKind::TimedOut, RetryDecision::Never, FAILED)
            }
            Self::ClosedBeforeHead { sent, idempotent, stale } => {
                let retry = if !sent || idempotent || stale { ANYBODY } else { RetryDecision::Never };
                failure(FailureKind::Broken, retry, FAILED.filter(|_| !stale))
            }
            Self::Protocol(_) => failure(FailureKind::Broken, RetryDecision::Never, FAILED),
            // As if it had said so itself.
            Self::NoCredential => AttemptFailure::of_account(StatusCode::UNAUTHORIZED),
            Self::BadTarget => unreachable(RetryDecision::Never, None),
        }
    }
}

impl BodyError {
    /// What an attempt comes to whose answer came apart before a byte of it was relayed: it was carried out, at least in part.
    #[must_use]
    pub fn decide(self) -> AttemptFailure {
        let what = match self {
            Self::Idle | Self::Total => FailureKind::TimedOut,
            Self::Broken(_) => FailureKind::Broken,
        };
        AttemptFailure { what, retry: RetryDecision::Never, health: FAILED }
    }

    /// The same of an answer that was being relayed. A client that reads slowly can bring it about that the whole takes too
    /// long, and must not put a provider aside for everybody.
    #[must_use]
    pub fn decide_relayed(self) -> AttemptFailure {
        let health = FAILED.filter(|_| self != Self::Total);
        AttemptFailure { health, ..self.decide() }
    }
}

impl Class {
    /// What an attempt comes to that ended with a status of this class, which is none that is relayed. `retry_after` is what
    /// the upstream says of when to come back, which means something only where that may help.
    #[must_use]
    pub fn decide(self, status: StatusCode, retry_after: Option<Duration>) -> AttemptFailure {
        if self == Self::Account {
            return AttemptFailure::of_account(status);
        }
        let after = retry_after.filter(|_| self.may_pass());
        let health = match self.is_failure() {
            true => AttemptVerdict::Failed { retry_after: after },
            false => AttemptVerdict::Refused { retry_after: after },
        };
        AttemptFailure {
            what: FailureKind::Status(status, after),
            retry: RetryDecision::Elsewhere { same: self.may_pass(), after, counts: true },
            health: Some(health),
        }
    }
}

impl AttemptFailure {
    /// The upstream answers, but does not serve the gateway's account.
    #[must_use]
    pub fn of_account(status: StatusCode) -> Self {
        let health = Some(AttemptVerdict::Refused { retry_after: None });
        Self { what: FailureKind::Account(status), retry: OTHERS, health }
    }

    /// The upstream may have said that, in words that cannot be read: others are asked, and it says nothing of the upstream,
    /// for clients have a hand in what is repeated of their requests.
    #[must_use]
    pub fn perhaps_of_account(status: StatusCode) -> Self {
        Self { what: FailureKind::Account(status), retry: OTHERS, health: None }
    }

    /// Something came in place of an answer, all of it: nothing was done that anybody would charge.
    #[must_use]
    pub fn no_answer(what: &'static str) -> Self {
        Self { what: FailureKind::NoAnswer(what), retry: ANYBODY, health: FAILED }
    }

    /// The answer ended before it was whole.
    #[must_use]
    pub fn broken() -> Self {
        Self { what: FailureKind::Broken, retry: RetryDecision::Never, health: FAILED }
    }

    /// A part of the answer, named by the last word of the limit's name, is past its limit in bytes: it was carried out.
    #[must_use]
    pub fn too_large(what: &'static str, limit: usize) -> Self {
        Self { what: FailureKind::TooLarge { what, limit }, retry: RetryDecision::Never, health: None }
    }

    /// Who reads the answer has no room left for it: it was carried out.
    #[must_use]
    pub fn no_room() -> Self {
        Self { what: FailureKind::NoRoom, retry: RetryDecision::Never, health: None }
    }

    /// The answer is in a content coding that was not asked for.
    #[must_use]
    pub fn encoded() -> Self {
        Self { what: FailureKind::Encoded, retry: OTHERS, health: None }
    }
}

#[cfg(test)]
mod tests;
