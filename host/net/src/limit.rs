//! How many of something are in the gateway at once, over all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count with a bound that the configuration may move.
#[derive(Debug, Default)]
pub struct ConcurrencyLimit {
    inside: AtomicUsize,
}

/// One of those that are counted, until it is dropped.
#[derive(Debug)]
pub struct InFlight {
    limit: Arc<ConcurrencyLimit>,
}

impl ConcurrencyLimit {
    /// Counts one more, if there are fewer than `limit`.
    pub fn enter(self: &Arc<Self>, limit: usize) -> Option<InFlight> {
        if self.inside.fetch_add(1, Ordering::Relaxed) < limit {
            return Some(InFlight { limit: Arc::clone(self) });
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// How many there are now.
    pub fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let before = self.limit.inside.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(before > 0, "whoever leaves was inside");
    }
}

#[cfg(test)]
mod tests;
