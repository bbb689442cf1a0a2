//! Who is connected to the admin listener: a bounded number, of whom the oldest makes room for whoever comes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::task::AbortHandle;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Connections that are served at the same time.
const MOST: usize = 64;
/// Bytes of answers that clients have not taken yet, all together.
const HELD: usize = 64 << 20;

/// Connections in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct AdminConnections {
    taken: RefCell<VecDeque<AbortHandle>>,
    held: Arc<AtomicUsize>,
}

impl AdminConnections {
    /// Ends the oldest connection if there is no room left. A client that holds one and neither asks nor reads must not keep
    /// out a probe, which does both at once.
    pub(super) fn make_room(&self) {
        self.taken.borrow_mut().retain(|connection| !connection.is_finished());
        if self.taken.borrow().len() >= MOST {
            self.end_oldest();
        }
    }

    pub(super) fn take(&self, connection: AbortHandle) {
        self.taken.borrow_mut().push_back(connection);
    }

    /// An answer's bytes, which count until the client has taken them. Where clients leave too much lying, the oldest
    /// connection ends.
    pub(super) fn hold(&self, body: String) -> Bytes {
        let held = self.held.fetch_add(body.len(), Ordering::Relaxed) + body.len();
        if held > HELD {
            self.end_oldest();
        }
        Bytes::from_owner(HeldAnswer { body, held: Arc::clone(&self.held) })
    }

    /// Ends the oldest connection; false if there is none.
    pub(super) fn end_oldest(&self) -> bool {
        let oldest = self.taken.borrow_mut().pop_front();
        oldest.inspect(AbortHandle::abort).is_some()
    }
}

struct HeldAnswer {
    body: String,
    held: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for HeldAnswer {
    fn as_ref(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

impl Drop for HeldAnswer {
    fn drop(&mut self) {
        self.held.fetch_sub(self.body.len(), Ordering::Relaxed);
    }
}
