//! One row's figures, apart for each thread that writes them.

use crate::Idle;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A `T` for each thread, made on first use, so that threads do not take cache lines from one another.
pub struct Shards<T>(Mutex<Vec<Option<Arc<T>>>>);

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> Shards<T> {
    /// The figures of a thread, by its number from 0. Takes a lock: keep the answer.
    pub fn of(&self, thread: usize) -> Arc<T> {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shards.len() <= thread {
            shards.resize_with(thread + 1, || None);
        }
        match shards.get_mut(thread) {
            Some(shard) => Arc::clone(shard.get_or_insert_default()),
            None => Arc::default(),
        }
    }

    /// The figures of all threads that have any.
    pub fn all(&self) -> Vec<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().map(Arc::clone).collect()
    }
}

impl<T> Idle for Shards<T> {
    fn is_idle(&self) -> bool {
        let shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shards.iter().flatten().all(|shard| Arc::strong_count(shard) == 1)
    }
}

impl<T> fmt::Debug for Shards<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards").finish_non_exhaustive()
    }
}
