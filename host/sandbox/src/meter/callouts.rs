//! How callouts of one plugin for one tenant ended, and how long they took.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How a callout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callout {
    Ok,
    Denied,
    Timeout,
    TooLarge,
    TooMany,
    Failed,
}

/// The figures. A callout that was broken off, because the client left, counts in [`CalloutStats::waited_ns`] alone.
#[derive(Debug, Default)]
pub struct CalloutStats {
    results: [AtomicU64; CalloutStats::RESULTS.len()],
    waited_ns: AtomicU64,
}

impl CalloutStats {
    /// Every result, as metrics name it.
    pub const RESULTS: [&'static str; 6] = ["ok", "denied", "timeout", "too-large", "too-many", "failed"];

    pub(super) fn ended(&self, how: Callout) {
        if let Some(result) = self.results.get(how as usize) {
            result.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn waited(&self, time: Duration) {
        self.waited_ns.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn any(&self) -> bool {
        self.waited_ns() > 0 || self.results().any(|(_, count)| count > 0)
    }

    /// Callouts by result, in the order of [`CalloutStats::RESULTS`].
    pub fn results(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Self::RESULTS.iter().copied().zip(self.results.iter().map(|result| result.load(Relaxed)))
    }

    /// Time in nanoseconds that plugins waited for answers.
    pub fn waited_ns(&self) -> u64 {
        self.waited_ns.load(Relaxed)
    }
}
