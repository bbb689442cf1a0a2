//! Telling a thread that nobody wants what it does any more.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A flag that is set once, and can be waited for.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    pub(super) fn set(&self) {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    pub(super) fn is_set(&self) -> bool {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for it, and no longer than this.
    pub(super) fn wait(&self, time: Duration) {
        let is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout_while(is_set, time, |is_set| !*is_set));
    }
}
