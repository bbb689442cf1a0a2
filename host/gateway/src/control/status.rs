//! What probes and metrics tell about reloads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is not served as files say, and how reloads went.
#[derive(Debug, Default)]
pub(crate) struct Status {
    problems: Mutex<Vec<String>>,
    live: AtomicU64,
    refused: AtomicU64,
}

impl Status {
    /// What is not served as files say, in words for an operator.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes that went live, and that did not.
    pub(crate) fn reloads(&self) -> (u64, u64) {
        (self.live.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// A change went live.
    pub(super) fn went_live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// A change did not go live.
    pub(super) fn was_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Replaces the problems and logs those that are new, of which there is any if the answer is true.
    pub(crate) fn set(&self, problems: Vec<String>) -> bool {
        let mut old = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for problem in problems.iter().filter(|p| !old.contains(p)) {
            tracing::error!("{problem}");
            any = true;
        }
        for problem in old.iter().filter(|p| !problems.contains(p)) {
            tracing::info!("no longer: {problem}");
        }
        *old = problems;
        any
    }
}
