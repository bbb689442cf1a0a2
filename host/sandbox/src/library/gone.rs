//! Files that were loaded and serve no more, and since when.

use blake3::Hash;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The files, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Gone {
    loaded: HashSet<Hash>,
    since: HashMap<Hash, Instant>,
}

impl Gone {
    /// These are loaded now: which were and are not is gone from now on.
    pub(super) fn loaded(&mut self, loaded: HashSet<Hash>, now: Instant) {
        for file in self.loaded.difference(&loaded) {
            self.since.insert(*file, now);
        }
        self.since.retain(|file, _| !loaded.contains(file));
        self.loaded = loaded;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_empty()
    }

    /// Those that have been gone for as long as `after`. They are not told again.
    pub(super) fn over(&mut self, now: Instant, after: Duration) -> Vec<Hash> {
        let over = |since: &Instant| now.saturating_duration_since(*since) >= after;
        let files: Vec<Hash> = self.since.iter().filter(|(_, since)| over(since)).map(|(file, _)| *file).collect();
        self.since.retain(|file, _| !files.contains(file));
        files
    }
}
