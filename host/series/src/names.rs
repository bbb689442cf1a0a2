//! Figures under names that somebody else chooses.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::{Idle, OTHER};
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// How many names there may be in all: shared by the [`Names`] of many owners.
#[derive(Debug)]
pub struct NameBudget {
    limit: AtomicUsize,
    taken: AtomicUsize,
    beyond: AtomicU64,
}

impl NameBudget {
    /// Room for so many names.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit: AtomicUsize::new(limit), taken: AtomicUsize::new(0), beyond: AtomicU64::new(0) }
    }

    /// Changes the limit. Names that are there stay, also past a lower one.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    /// Names that were given.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    /// How many times there was no room for a name.
    #[must_use]
    pub fn beyond(&self) -> u64 {
        self.beyond.load(Relaxed)
    }

    fn take(&self) -> bool {
        let limit = self.limit.load(Relaxed);
        let one_more = |taken: usize| (taken < limit).then_some(taken + 1);
        let took = self.taken.fetch_update(Relaxed, Relaxed, one_more).is_ok();
        if !took {
            self.beyond.fetch_add(1, Relaxed);
        }
        took
    }

    /// Gives back the room that the names of an owner took, which is no more.
    pub fn give_back_all<V>(&self, names: &Names<V>) {
        let taken = names.0.load().iter().filter(|(name, _)| **name != *OTHER).count();
        self.taken.fetch_sub(taken, Relaxed);
    }

    fn give_back(&self) {
        self.taken.fetch_sub(1, Relaxed);
    }
}

/// Figures of one owner by name. Asking for a name that is there takes no lock; a new one copies the list, which is
/// short.
pub struct Names<V>(ArcSwap<List<V>>);

/// Sorted by name.
type List<V> = Vec<(Box<str>, Arc<V>)>;

impl<V> Default for Names<V> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<V: Default> Names<V> {
    /// The figures under a name, made on first use. None if this owner has `most` names already, or there is no room for
    /// another one.
    pub fn get(&self, name: &str, most: usize, room: &NameBudget) -> Option<Arc<V>> {
        let known = self.0.load();
        if let Some(found) = find(&known, name) {
            return Some(found);
        }
        if name == OTHER {
            drop(known);
            return Some(self.other());
        }
        if known.len() >= most || !room.take() {
            return None;
        }
        drop(known);
        let new = Arc::default();
        let kept = self.enter(name, most, &new);
        if !kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, &new)) {
            // Another thread was faster.
            room.give_back();
        }
        kept
    }

    /// The figures of all names that found no room, under [`OTHER`]. There is always room for these.
    pub fn other(&self) -> Arc<V> {
        let known = find(&self.0.load(), OTHER);
        known.or_else(|| self.enter(OTHER, usize::MAX, &Arc::default())).unwrap_or_default()
    }

    /// Shows every name and its figures, sorted by name.
    pub fn each(&self, mut see: impl FnMut(&str, &V)) {
        self.0.load().iter().for_each(|(name, value)| see(name, value));
    }

    fn enter(&self, name: &str, most: usize, new: &Arc<V>) -> Option<Arc<V>> {
        self.0.rcu(|list| {
            let mut list = List::clone(list);
            if let Err(at) = place(&list, name)
                && list.len() < most
            {
                list.insert(at, (name.into(), Arc::clone(new)));
            }
            list
        });
        find(&self.0.load(), name)
    }
}

impl<V: Idle> Idle for Names<V> {
    fn is_idle(&self) -> bool {
        self.0.load().iter().all(|(_, value)| Arc::strong_count(value) == 1 && value.is_idle())
    }
}

fn place<V>(list: &List<V>, name: &str) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| (**known).cmp(name))
}

fn find<V>(list: &List<V>, name: &str) -> Option<Arc<V>> {
    let (_, value) = list.get(place(list, name).ok()?)?;
    Some(Arc::clone(value))
}

impl<V> fmt::Debug for Names<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("count", &self.0.load().len()).finish()
    }
}
