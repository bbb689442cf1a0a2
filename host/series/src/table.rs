//! Rows by their labels.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rows that are copied out of the table while it is held: a few microseconds.
const AT_ONCE: usize = 64;

/// Rows of figures `V` by their labels `K`. They stay for as long as the table, so that counters never go back.
pub struct Table<K, V> {
    /// The labels of the row that combinations past the limit share.
    fold: fn(&K) -> K,
    limit: AtomicUsize,
    beyond: AtomicU64,
    rows: Mutex<Rows<K, V>>,
}

struct Rows<K, V> {
    places: HashMap<K, usize>,
    /// In the order in which they were made; nothing is ever taken out, so a place stays what it is.
    all: Vec<Arc<(K, V)>>,
    /// Those of them that count towards the limit: shared ones do not.
    kept: usize,
}

/// A row of a table, to be kept by who writes it.
pub type Row<K, V> = Arc<(K, V)>;

impl<K: Clone + Eq + Hash, V: Default> Table<K, V> {
    /// An empty table of at most `limit` rows, and beside them those that `fold` names: it answers the labels under which
    /// a combination is counted that found no room. There must be few of these.
    pub fn new(limit: usize, fold: fn(&K) -> K) -> Self {
        let rows = Rows { places: HashMap::new(), all: Vec::new(), kept: 0 };
        Self { fold, limit: AtomicUsize::new(limit), beyond: AtomicU64::new(0), rows: Mutex::new(rows) }
    }

    /// Changes the limit. Rows that are there stay, also past a lower one.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    /// The row of a combination, made on first use; past the limit the shared one. Takes a lock: keep the answer.
    pub fn row(&self, labels: &K) -> Row<K, V> {
        let mut rows = self.rows();
        if let Some(row) = rows.find(labels) {
            return row;
        }
        let shared = (self.fold)(labels);
        if shared == *labels {
            return rows.add(shared);
        }
        if rows.kept < self.limit.load(Relaxed) {
            rows.kept += 1;
            return rows.add(labels.clone());
        }
        self.beyond.fetch_add(1, Relaxed);
        rows.find(&shared).unwrap_or_else(|| rows.add(shared))
    }

    /// Shows every row, in the order in which they were made. The table is not held meanwhile.
    pub fn each(&self, mut see: impl FnMut(&K, &V)) {
        let mut from = 0;
        loop {
            let some: Vec<_> = self.rows().all.iter().skip(from).take(AT_ONCE).map(Arc::clone).collect();
            if some.is_empty() {
                return;
            }
            from += some.len();
            some.iter().for_each(|row| see(&row.0, &row.1));
        }
    }

    /// Rows that count towards the limit.
    pub fn kept(&self) -> usize {
        self.rows().kept
    }

    /// How many times a combination found no room.
    pub fn beyond(&self) -> u64 {
        self.beyond.load(Relaxed)
    }

    fn rows(&self) -> MutexGuard<'_, Rows<K, V>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V: Default> Rows<K, V> {
    fn find(&self, labels: &K) -> Option<Arc<(K, V)>> {
        self.places.get(labels).and_then(|place| self.all.get(*place)).map(Arc::clone)
    }

    fn add(&mut self, labels: K) -> Arc<(K, V)> {
        let row = Arc::new((labels.clone(), V::default()));
        self.places.insert(labels, self.all.len());
        self.all.push(Arc::clone(&row));
        row
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("limit", &self.limit).field("beyond", &self.beyond).finish_non_exhaustive()
    }
}
