//! Log lines that would come thousands of times: one of them every while, with how many it stands for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// How often a line is written at most.
const EVERY: Duration = Duration::from_secs(10);

/// One kind of line, for all threads.
#[derive(Debug)]
pub(crate) struct Seldom {
    begun: Instant,
    /// When the next line may be written, in milliseconds since the beginning.
    next: AtomicU64,
    /// How often it was not written.
    left_out: AtomicU64,
}

impl Default for Seldom {
    fn default() -> Self {
        Self { begun: Instant::now(), next: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }
}

impl Seldom {
    /// How many lines this one stands for, itself included; none if it is not to be written.
    pub(crate) fn now(&self) -> Option<u64> {
        self.at(self.begun.elapsed())
    }

    fn at(&self, time: Duration) -> Option<u64> {
        let now = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let next = self.next.load(Ordering::Relaxed);
        let after = now.saturating_add(EVERY.as_millis() as u64);
        // Of threads that come at the same time, one writes.
        if now < next || self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(1 + self.left_out.swap(0, Ordering::Relaxed))
    }
}
