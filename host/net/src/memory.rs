//! How many bytes of something are in the gateway at once, over all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that all connections together hold of one kind.
#[derive(Debug, Default)]
pub struct ByteTotal {
    held: AtomicUsize,
}

/// Somebody's share of a total, given back when dropped.
#[derive(Debug)]
pub struct ByteShare {
    total: Arc<ByteTotal>,
    bytes: usize,
}

impl ByteTotal {
    /// A share of nothing yet.
    pub fn share(self: &Arc<Self>) -> ByteShare {
        ByteShare { total: Arc::clone(self), bytes: 0 }
    }

    fn give_back(&self, bytes: usize) {
        let before = self.held.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "what is given back was held");
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl ByteShare {
    /// Makes it this large, if all shares together come to no more than `limit` then; false, and nothing has changed, if
    /// not. It does not become smaller.
    #[must_use]
    pub fn grow_to(&mut self, bytes: usize, limit: usize) -> bool {
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
    pub fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        if less > 0 {
            self.total.give_back(less);
            self.bytes -= less;
        }
    }
}

impl Drop for ByteShare {
    fn drop(&mut self) {
        self.total.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests;
