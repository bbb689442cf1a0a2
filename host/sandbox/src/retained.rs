//! What outlives generations of plugins, and goes once nobody needs it any more.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Now, and after how long what nobody needs goes.
pub(crate) type Time = (Instant, Duration);

/// Values by key that outlive generations of plugins, until nobody needs or holds them.
#[derive(Debug)]
pub(crate) struct Retained<K, V>(Mutex<HashMap<K, Held<V>>>);

#[derive(Debug)]
struct Held<V> {
    value: Arc<V>,
    /// Since when nobody needs and nobody holds it.
    unneeded: Option<Instant>,
}

impl<K, V> Default for Retained<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Retained<K, V> {
    /// The value of a key, made on first use.
    pub(crate) fn get(&self, key: K, new: impl FnOnce() -> V) -> Arc<V> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = kept.entry(key).or_insert_with(|| Held { value: Arc::new(new()), unneeded: None });
        Arc::clone(&held.value)
    }

    /// Shows every value.
    pub(crate) fn each(&self, see: impl FnMut(&V)) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values().map(|held| &*held.value).for_each(see);
    }

    /// Lets go of what nobody holds, and nobody has needed for as long as `after`.
    pub(crate) fn let_go(&self, needed: impl Fn(&K) -> bool, (now, after): Time) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|key, held| {
            // Whoever wants it has to ask here, where the lock is held: nobody can take it up meanwhile.
            if Arc::strong_count(&held.value) > 1 || needed(key) {
                held.unneeded = None;
                return true;
            }
            now.saturating_duration_since(*held.unneeded.get_or_insert(now)) < after
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
