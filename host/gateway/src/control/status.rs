//! What probes and metrics tell about reloads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Who has found a problem, and can tell when it is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The configuration is not one that may serve.
    Configuration,
    /// What it says cannot be built as a whole: plugins, providers.
    Building,
    /// What serves lets nobody ask.
    Nobody,
}

/// What is not served as files say, and how reloads went.
#[derive(Debug, Default)]
pub(crate) struct Status {
    problems: Mutex<BTreeMap<Part, Vec<String>>>,
    live: AtomicU64,
    refused: AtomicU64,
}

impl Status {
    /// What is not served as files say, in words for an operator.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    /// Changes that went live, and that did not.
    pub(crate) fn reloads(&self) -> (u64, u64) {
        (self.live.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// A change went live.
    pub(super) fn went_live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// So many changes did not go live.
    pub(super) fn were_refused(&self, count: u64) {
        self.refused.fetch_add(count, Ordering::Relaxed);
    }

    /// Replaces the problems of one part and logs those that are new, of which there is any if the answer is true.
    pub(crate) fn set(&self, part: Part, problems: Vec<String>) -> bool {
        let mut all = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let old = all.entry(part).or_default();
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
