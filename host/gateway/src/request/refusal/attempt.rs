//! What is left to say to the client when an attempt failed and nobody else is asked.

use super::Refusal;
use std::sync::Arc;
use weir_upstream::FailureKind;

impl Refusal {
    /// The last step of an attempt at this provider that failed.
    pub(crate) fn of_attempt(what: FailureKind, provider: &Arc<str>) -> Self {
        let provider = Arc::clone(provider);
        match what {
            FailureKind::Busy { retry_after } => Self::UpstreamBusy { provider, retry_after },
            FailureKind::Unreachable(kind) => Self::UpstreamUnreachable { provider, kind },
            FailureKind::TimedOut => Self::UpstreamTimeout { provider },
            FailureKind::Status(status, retry_after) => Self::UpstreamStatus { provider, status, retry_after },
            FailureKind::Account(status) => Self::UpstreamAuth { provider, status },
            FailureKind::NoAnswer(what) => Self::UpstreamNoAnswer { provider, what },
            FailureKind::Broken => Self::UpstreamBroken { provider },
            FailureKind::TooLarge { what, limit } => Self::UpstreamTooLarge { provider, what, limit },
            FailureKind::NoRoom => Self::ResponseMemory,
            FailureKind::Encoded => Self::UpstreamEncoded { provider },
        }
    }
}
