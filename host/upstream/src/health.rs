//! Whether an upstream should be asked at all: consecutive failures put it aside for a growing time. Atomics only.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// So many failures in a row make an upstream unhealthy.
const FAILURES: u32 = 5;
/// The first time-out, which doubles with every further failure.
const FIRST: Duration = Duration::from_secs(1);
/// No time-out is longer than this.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Health {
    born: Instant,
    failures: AtomicU32,
    /// Milliseconds after `born` until which nobody should ask.
    until: AtomicU64,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self { born: Instant::now(), failures: AtomicU32::new(0), until: AtomicU64::new(0) }
    }

    pub(crate) fn healthy(&self) -> bool {
        // The common case costs one load and no clock.
        self.failures.load(Relaxed) < FAILURES || self.healthy_at(self.born.elapsed())
    }

    pub(crate) fn success(&self) {
        // Read first: on the hot path the line stays shared between cores.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
            self.until.store(0, Relaxed);
        }
    }

    pub(crate) fn failure(&self) {
        self.failure_at(self.born.elapsed());
    }

    fn healthy_at(&self, age: Duration) -> bool {
        self.failures.load(Relaxed) < FAILURES || millis(age) >= self.until.load(Relaxed)
    }

    fn failure_at(&self, age: Duration) {
        // Failures of requests that were under way when the time-out began do not lengthen it: one step for each.
        if !self.healthy_at(age) {
            return;
        }
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        let Some(step) = failures.checked_sub(FAILURES) else { return };
        let wait = FIRST.saturating_mul(1_u32.checked_shl(step.min(16)).unwrap_or(u32::MAX)).min(LONGEST);
        self.until.store(millis(age.saturating_add(wait)), Relaxed);
    }
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
