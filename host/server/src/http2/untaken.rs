//! Where answers of the gateway's own wait for a client of HTTP/2 to take them.
//!
//! They hold no place among the requests in flight, and whoever has no key can have as many as it likes; so few of them
//! wait on one connection.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many wait.
const OWN: usize = 16;
/// So long one more waits for the client to take one of them: longer than a window takes to come from the other end of the
/// earth.
const PATIENCE: Duration = Duration::from_millis(250);

/// The room on one connection.
pub(crate) struct UntakenAnswers {
    free: Arc<Semaphore>,
    turned_away: Cell<bool>,
}

/// An answer that waits. Dropped, another one may.
pub(crate) struct UntakenAnswer(
    #[expect(dead_code, reason = "gives back its room when it is dropped")] OwnedSemaphorePermit,
);

impl Default for UntakenAnswers {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(OWN)), turned_away: Cell::default() }
    }
}

impl UntakenAnswers {
    /// Room for one answer, as soon as there is some: at once, or when the client has taken another one. Nothing, if it takes
    /// none in time.
    pub(crate) async fn enter(&self) -> Option<UntakenAnswer> {
        if let Ok(at_once) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(UntakenAnswer(at_once));
        }
        let later = tokio::time::timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await;
        let later = later.ok().and_then(Result::ok);
        self.turned_away.set(self.turned_away.get() || later.is_none());
        later.map(UntakenAnswer)
    }

    /// Whether some found none in time.
    pub(crate) fn has_turned_away(&self) -> bool {
        self.turned_away.get()
    }
}
