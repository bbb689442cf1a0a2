//! Rows by their labels.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::Idle;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rows that are copied out of the table while it is held: a few microseconds.
const AT_ONCE: usize = 64;

/// Rows of figures `V` by their labels `K`. They stay until somebody says that nobody needs them any more and nobody holds
/// them ([`Table::let_go`]), so that no counter goes back while it is written.
pub struct Table<K, V> {
    /// The labels of the row that combinations past the limit share.
    fold: fn(&K) -> K,
    limit: AtomicUsize,
    beyond: AtomicU64,
    rows: Mutex<Rows<K, V>>,
}

struct Rows<K, V> {
    places: HashMap<K, u64>,
    /// In the order in which they were made, by a number that no other row ever gets.
    all: BTreeMap<u64, Entry<K, V>>,
    next: u64,
    /// Those of them that count towards the limit: shared ones do not.
    kept: usize,
}

struct Entry<K, V> {
    row: Row<K, V>,
    /// Whether it counts towards the limit.
    counts: bool,
    /// Since when nobody needs and nobody holds it.
    unneeded: Option<Instant>,
}

/// A row of a table, to be kept by who writes it.
pub type Row<K, V> = Arc<(K, V)>;

impl<K: Clone + Eq + Hash, V: Default> Table<K, V> {
    /// An empty table of at most `limit` rows, and beside them those that `fold` names: it answers the labels under which
    /// a combination is counted that found no room. There must be few of these.
    pub fn new(limit: usize, fold: fn(&K) -> K) -> Self {
        let rows = Rows { places: HashMap::new(), all: BTreeMap::new(), next: 0, kept: 0 };
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
            return rows.add(shared, false);
        }
        if rows.kept < self.limit.load(Relaxed) {
            return rows.add(labels.clone(), true);
        }
        self.beyond.fetch_add(1, Relaxed);
        rows.find(&shared).unwrap_or_else(|| rows.add(shared, false))
    }

    /// Lets go of rows that nobody has needed and nobody has held for as long as `after`, and hands each to `last`: what is
    /// counted under their labels from then on begins at zero. `needed` says of labels whether they may still come up.
    /// A row counts as held while anybody has it, or a part of it, to write to.
    pub fn let_go(&self, needed: impl Fn(&K) -> bool, (now, after): (Instant, Duration), mut last: impl FnMut(&K, &V))
    where
        V: Idle,
    {
        let mut from = None;
        loop {
            let gone = {
                let mut rows = self.rows();
                let range = from.map_or((Unbounded, Unbounded), |from| (Excluded(from), Unbounded));
                let mut gone = Vec::new();
                let mut seen = 0;
                for (place, entry) in rows.all.range_mut(range).take(AT_ONCE) {
                    (from, seen) = (Some(*place), seen + 1);
                    // Whoever wants it has to ask the table, which is held here: nobody can take it up meanwhile.
                    let held = Arc::strong_count(&entry.row) > 1 || !entry.row.1.is_idle();
                    if held || needed(&entry.row.0) {
                        entry.unneeded = None;
                    } else if now.saturating_duration_since(*entry.unneeded.get_or_insert(now)) >= after {
                        gone.push(*place);
                    }
                }
                if seen == 0 {
                    return;
                }
                gone.into_iter().filter_map(|place| rows.take_out(place)).collect::<Vec<_>>()
            };
            gone.iter().for_each(|row| last(&row.0, &row.1));
        }
    }

    /// Shows every row, in the order in which they were made. The table is not held meanwhile.
    pub fn each(&self, mut see: impl FnMut(&K, &V)) {
        let mut from = None;
        loop {
            let some: Vec<(u64, Row<K, V>)> = {
                let rows = self.rows();
                let range = from.map_or((Unbounded, Unbounded), |from| (Excluded(from), Unbounded));
                rows.all.range(range).take(AT_ONCE).map(|(place, entry)| (*place, Arc::clone(&entry.row))).collect()
            };
            let Some((last, _)) = some.last() else { return };
            from = Some(*last);
            some.iter().for_each(|(_, row)| see(&row.0, &row.1));
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
    fn find(&self, labels: &K) -> Option<Row<K, V>> {
        self.places.get(labels).and_then(|place| self.all.get(place)).map(|entry| Arc::clone(&entry.row))
    }

    fn add(&mut self, labels: K, counts: bool) -> Row<K, V> {
        let row = Arc::new((labels.clone(), V::default()));
        let entry = Entry { row: Arc::clone(&row), counts, unneeded: None };
        self.places.insert(labels, self.next);
        self.all.insert(self.next, entry);
        self.next += 1;
        self.kept += usize::from(counts);
        row
    }

    fn take_out(&mut self, place: u64) -> Option<Row<K, V>> {
        let entry = self.all.remove(&place)?;
        self.places.remove(&entry.row.0);
        self.kept -= usize::from(entry.counts);
        Some(entry.row)
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("limit", &self.limit).field("beyond", &self.beyond).finish_non_exhaustive()
    }
}
