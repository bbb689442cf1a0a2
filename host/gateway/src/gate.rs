//! Bounds on what is in the gateway at once, over all workers: in number, and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count with a bound that the configuration may move.
#[derive(Debug, Default)]
pub(crate) struct ConcurrencyLimit {
    inside: AtomicUsize,
}

/// One place behind a gate, free again when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<ConcurrencyLimit>,
}

impl ConcurrencyLimit {
    /// A place, if fewer than `limit` are taken.
    pub(crate) fn enter(self: &Arc<Self>, limit: usize) -> Option<Permit> {
        if self.inside.fetch_add(1, Ordering::Relaxed) < limit {
            return Some(Permit { gate: Arc::clone(self) });
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// Places taken now.
    pub(crate) fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes that all connections together hold of one kind.
#[derive(Debug, Default)]
pub(crate) struct ByteTotal {
    held: AtomicUsize,
}

/// Somebody's share of a total, given back when dropped.
#[derive(Debug)]
pub(crate) struct ByteShare {
    total: Arc<ByteTotal>,
    bytes: usize,
}

impl ByteTotal {
    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> ByteShare {
        ByteShare { total: Arc::clone(self), bytes: 0 }
    }

    /// Bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl ByteShare {
    /// Makes it this large, if all shares together come to no more than `limit` then; false, and nothing has changed, if
    /// not. It does not become smaller.
    pub(crate) fn grow_to(&mut self, bytes: usize, limit: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let before = self.total.held.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > limit && more > 0 {
            self.total.held.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        true
    }

    /// Gives back what is more than this.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        if less > 0 {
            self.total.held.fetch_sub(less, Ordering::Relaxed);
            self.bytes -= less;
        }
    }
}

impl Drop for ByteShare {
    fn drop(&mut self) {
        self.total.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
