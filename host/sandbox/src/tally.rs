//! What one version of a plugin has done while it is compared with another.

use crate::histogram::{Histogram, Times};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts of one version. Nothing is counted unless somebody compares.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    on: AtomicBool,
    /// CPU time of each call; made for the first trial, for most versions see none.
    times: OnceLock<Histogram>,
    faults: AtomicU64,
}

/// What was counted up to a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    pub(crate) times: Times,
    pub(crate) faults: u64,
}

impl Tally {
    /// Begins to count, or goes on.
    pub(crate) fn begin(&self) {
        self.times.get_or_init(Histogram::default);
        self.on.store(true, Ordering::Relaxed);
    }

    /// Stops.
    pub(crate) fn end(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// A call ended.
    pub(crate) fn call(&self, cpu: Duration) {
        if self.on.load(Ordering::Relaxed)
            && let Some(times) = self.times.get()
        {
            times.add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// A call ended in a fault of the plugin's.
    pub(crate) fn fault(&self) {
        if self.on.load(Ordering::Relaxed) {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counted(&self) -> Counted {
        let times = self.times.get().map(Histogram::times).unwrap_or_default();
        Counted { times, faults: self.faults.load(Ordering::Relaxed) }
    }
}

impl Counted {
    /// Calls of hooks, faults included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.times.len()
    }

    /// Calls that ended in a fault of the plugin's.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// CPU time in microseconds that half of the calls do not exceed, accurate to a sixteenth; none before the first call.
    ///
    /// Not the mean: time in which the system ran something else counts as the call's, and a few calls that it hit would
    /// make all of them look costly.
    #[must_use]
    pub fn cpu_p50_us(&self) -> Option<f64> {
        Some(self.times.median_ns()? as f64 / 1e3)
    }

    /// What was counted since an earlier moment.
    #[must_use]
    pub(crate) fn since(self, earlier: &Self) -> Self {
        Self { times: self.times.since(&earlier.times), faults: self.faults.saturating_sub(earlier.faults) }
    }

    /// The share of calls that faulted.
    pub(crate) fn fault_rate(&self) -> f64 {
        self.faults as f64 / self.calls().max(1) as f64
    }
}
