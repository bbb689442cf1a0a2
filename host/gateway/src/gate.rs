//! Bounds on what is in the gateway at once, over all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count with a bound that the configuration may move.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    inside: AtomicUsize,
}

/// One place behind a gate, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    gate: Arc<Gate>,
}

impl Gate {
    /// A place, if fewer than `limit` are taken.
    pub(crate) fn enter(self: &Arc<Self>, limit: usize) -> Option<Place> {
        if self.inside.fetch_add(1, Ordering::Relaxed) < limit {
            return Some(Place { gate: Arc::clone(self) });
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// Places taken now.
    pub(crate) fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(1, Ordering::Relaxed);
    }
}
