//! When files lie still: time and looks in, an answer out. Pure.

use super::order::FileChange;
use super::prints::{Prints, is_text, plugin_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use weir_config::Stamp;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// A file lies still when it has not changed for this long.
const STILL: Duration = Duration::from_millis(60);
/// A text that is new, was written in place, became shorter or went away lies still when it has not changed for this long:
/// whoever writes a file anew empties it first, or writes it piece by piece, and half of a configuration may be good by
/// itself. One that was put in the place of another was whole before.
const SHRUNK: Duration = Duration::from_secs(1);
/// Files that go on changing are waited for no longer than this, and then called what they are: being written.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same for such texts.
const LONGEST: Duration = Duration::from_secs(3);

/// What is to be done next.
#[derive(Debug)]
pub(super) enum WatchStep {
    /// Look again after this time.
    Wait(Duration),
    /// Files lie still, or have been waited for long enough.
    Done(SettledFiles),
}

/// What came of it.
#[derive(Debug)]
pub(super) struct SettledFiles {
    pub(super) change: FileChange,
    /// What files were when they lay still last.
    pub(super) seen: Prints,
}

/// A wait for files to lie still.
pub(super) struct StableWait<'s> {
    before: &'s Prints,
    begun: Instant,
    files: BTreeMap<PathBuf, File>,
}

/// One file as it was at the last look.
struct File {
    stamp: Option<Stamp>,
    since: Instant,
    /// Whether it may have been half of itself at any look.
    in_doubt: bool,
}

impl<'s> StableWait<'s> {
    /// Begins a wait; `before` is what files were when they lay still last.
    pub(super) fn begin(before: &'s Prints, now: Instant) -> Self {
        Self { before, begun: now, files: BTreeMap::new() }
    }

    /// Takes in a look.
    pub(super) fn step(&mut self, prints: Prints, now: Instant) -> WatchStep {
        let paths: BTreeSet<&PathBuf> = self.before.keys().chain(prints.keys()).chain(self.files.keys()).collect();
        let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
        for path in paths {
            let stamp = prints.get(&path).copied();
            let in_doubt = self.is_in_doubt(&path, stamp, &prints);
            let first = !self.files.contains_key(&path);
            let file = self.files.entry(path.clone()).or_insert(File { stamp, since: now, in_doubt: false });
            if first && self.before.get(&path).copied() == stamp {
                // As it was when it lay still: there is nothing to wait for.
                file.since = now.checked_sub(SHRUNK).unwrap_or(now);
            } else if file.stamp != stamp {
                (file.stamp, file.since) = (stamp, now);
            }
            file.in_doubt |= in_doubt;
        }
        match self.files.values().filter_map(|file| self.left(file, now)).min() {
            Some(time) => WatchStep::Wait(time.min(STILL)),
            None => WatchStep::Done(self.found(now)),
        }
    }

    /// Whether a text is new, or shorter than it was when it lay still, or was written in place, or is gone. Settings go
    /// together with their plugin.
    fn is_in_doubt(&self, path: &Path, stamp: Option<Stamp>, prints: &Prints) -> bool {
        if !is_text(path) {
            return false;
        }
        let Some(before) = self.before.get(path) else {
            // A folder has no length of its own.
            return stamp.is_some_and(|now| now.len > 0);
        };
        // Of a folder, and of an empty file, there is nothing to lose; an empty one that is filled is new.
        if before.len == 0 {
            return stamp.is_some_and(|now| now.len > 0);
        }
        match stamp {
            Some(now) => now.len < before.len || before.is_rewritten(&now),
            None => {
                let plugin = plugin_of(path);
                !self.before.contains_key(&plugin) || prints.contains_key(&plugin)
            }
        }
    }

    /// How long a file is still to be waited for; none if it lies still, or was waited for long enough.
    fn left(&self, file: &File, now: Instant) -> Option<Duration> {
        let (need, patience) = if file.in_doubt { (SHRUNK, LONGEST) } else { (STILL, PATIENCE) };
        let left = need.checked_sub(now.duration_since(file.since)).filter(|left| !left.is_zero())?;
        (now.duration_since(self.begun) < patience).then_some(left)
    }

    fn found(&self, now: Instant) -> SettledFiles {
        let mut found = SettledFiles { change: FileChange::default(), seen: Prints::new() };
        for (path, file) in &self.files {
            let before = self.before.get(path).copied();
            let need = if file.in_doubt { SHRUNK } else { STILL };
            if now.duration_since(file.since) < need {
                // What it is compared with stays what it was when it lay still.
                found.change.looked.moving(path.clone());
                found.seen.extend(before.map(|stamp| (path.clone(), stamp)));
                continue;
            }
            if file.stamp != before {
                found.change.changed.insert(path.clone());
            }
            if let Some(stamp) = file.stamp {
                found.change.looked.still(path.clone(), stamp);
                found.seen.insert(path.clone(), stamp);
            }
        }
        found
    }
}
