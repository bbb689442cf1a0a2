//! Lines of a log that would come thousands of times: one of them every while, with how many it stands for.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// How often a line of one kind is written at most.
const EVERY: Duration = Duration::from_secs(10);

/// Times are kept as milliseconds since this moment.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// One kind of line, for all threads: it is written every ten seconds at most.
#[derive(Debug, Default)]
pub struct RareLine {
    /// When the next one may be written.
    next: AtomicU64,
    /// How many were not.
    left_out: AtomicU64,
}

impl RareLine {
    /// One that has not been written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// How many lines the one stands for that is to be written now, itself included; none if none is to be.
    pub fn now(&self, now: Instant) -> Option<u64> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, next) = (ms(now.saturating_duration_since(*BEGINNING)), self.next.load(Ordering::Relaxed));
        let after = now.saturating_add(ms(EVERY));
        // Of threads that come at the same time, one writes.
        if now < next || self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(1 + self.left_out.swap(0, Ordering::Relaxed))
    }
}
