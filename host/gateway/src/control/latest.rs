//! What was told last and nobody has taken yet: a place for one, which what comes later joins.

use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// What can wait in such a place.
pub(crate) trait Join {
    /// This and what came after it, in one.
    fn join(self, later: Self) -> Self;
}

/// The place. One thread tells, another one waits.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    waiting: Mutex<Option<T>>,
    arrived: Notify,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), arrived: Notify::default() }
    }
}

impl<T: Join> Latest<T> {
    /// Puts it there, and wakes who waits.
    pub(crate) fn tell(&self, value: T) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = Some(match waiting.take() {
            Some(before) => before.join(value),
            None => value,
        });
        self.arrived.notify_one();
    }

    /// What waits, if anything does.
    pub(crate) fn take(&self) -> Option<T> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for something. Being dropped loses nothing.
    pub(crate) async fn next(&self) -> T {
        loop {
            if let Some(value) = self.take() {
                return value;
            }
            self.arrived.notified().await;
        }
    }
}
