//! How compiling went, for metrics.

use crate::error::LoadError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How compiling a plugin may end.
const RESULTS: [&str; 8] = ["ok", "invalid", "memory", "cpu", "time", "output", "failed", "dropped"];

/// Counts of what ended, and what is under way.
#[derive(Debug, Default)]
pub struct CompileStats {
    ended: [AtomicU64; RESULTS.len()],
    ms: AtomicU64,
    running: AtomicU64,
    waiting: AtomicU64,
}

impl CompileStats {
    /// How many ended in each way: `ok`, `invalid` (it does not compile), `memory`, `cpu`, `time` and `output` (it reached that
    /// bound), `failed` (which says nothing about it), `dropped` (its file changed or went away).
    pub fn ended(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        RESULTS.into_iter().zip(self.ended.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Seconds that all of them took together.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.ms.load(Ordering::Relaxed) as f64 / 1e3
    }

    /// How many plugins are compiled now, and how many wait for that.
    #[must_use]
    pub fn under_way(&self) -> (u64, u64) {
        (self.running.load(Ordering::Relaxed), self.waiting.load(Ordering::Relaxed))
    }

    pub(super) fn set_under_way(&self, running: usize, waiting: usize) {
        self.running.store(running as u64, Ordering::Relaxed);
        self.waiting.store(waiting as u64, Ordering::Relaxed);
    }

    /// Counts one that has ended; none stands for one that nobody wanted any more.
    pub(super) fn count(&self, error: Option<Option<&LoadError>>, took: Duration) {
        let result = match error {
            None => "dropped",
            Some(None) => "ok",
            Some(Some(LoadError::Exceeded { key, .. })) => key,
            Some(Some(LoadError::Compile(_))) => "invalid",
            Some(Some(_)) => "failed",
        };
        let index = RESULTS.iter().position(|known| *known == result);
        if let Some(count) = index.and_then(|index| self.ended.get(index)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.ms.fetch_add(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
