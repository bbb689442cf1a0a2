//! What one version of a plugin has done while it is compared with another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts of one version. Nothing is counted unless somebody compares.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    on: AtomicBool,
    calls: AtomicU64,
    faults: AtomicU64,
    cpu_ns: AtomicU64,
}

/// What was counted up to a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Calls of hooks, faults included.
    pub calls: u64,
    /// Those that ended in a fault of the plugin's.
    pub faults: u64,
    /// CPU time of all calls in nanoseconds.
    pub cpu_ns: u64,
}

impl Tally {
    /// Begins to count, or goes on.
    pub(crate) fn begin(&self) {
        self.on.store(true, Ordering::Relaxed);
    }

    /// Stops.
    pub(crate) fn end(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    /// A call ended.
    pub(crate) fn call(&self, cpu: Duration) {
        if self.on.load(Ordering::Relaxed) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.cpu_ns.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// A call ended in a fault of the plugin's.
    pub(crate) fn fault(&self) {
        if self.on.load(Ordering::Relaxed) {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counted(&self) -> Counted {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted { calls: get(&self.calls), faults: get(&self.faults), cpu_ns: get(&self.cpu_ns) }
    }
}

impl Counted {
    /// What was counted since an earlier moment.
    #[must_use]
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            faults: self.faults.saturating_sub(earlier.faults),
            cpu_ns: self.cpu_ns.saturating_sub(earlier.cpu_ns),
        }
    }

    /// The share of calls that faulted.
    pub(crate) fn fault_rate(self) -> f64 {
        self.faults as f64 / self.calls.max(1) as f64
    }

    /// CPU time of a call in microseconds, on average.
    pub(crate) fn cpu_us(self) -> f64 {
        self.cpu_ns as f64 / 1e3 / self.calls.max(1) as f64
    }
}
