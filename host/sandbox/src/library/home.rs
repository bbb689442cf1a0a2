//! Whether the plugin folder, and each part of it, is still the one that served: a folder that is away is no order to drop the
//! policies in it.

use crate::error::LoadError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_config::file::{self, FolderIdentity};
use weir_config::{FolderNamedBy, Plugins};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The plugin folder as it was last found.
#[derive(Debug, Default)]
pub(super) struct Home {
    whole: Option<FolderIdentity>,
    /// The mounts that its parts were on: `all`, `tenants`, `tenants/NAME`.
    parts: BTreeMap<String, u64>,
    /// What was away at the last look, of the parts and as `""` of the whole: what comes back in its place may look the same
    /// to the last number, and is not the same if it is empty.
    away: BTreeSet<String>,
    /// What was mounted when it was last found, and what is now.
    mounts: Mounts,
}

/// What was mounted, and what is: the numbers of mounts.
#[derive(Debug, Default)]
struct Mounts {
    before: BTreeSet<u64>,
    now: BTreeSet<u64>,
}

impl Mounts {
    /// Whether what was mounted there is away, and what shows is what it was mounted over: the one mount was taken away, and
    /// the other one was there before. What is mounted newly was meant.
    fn fell_back(&self, known: Option<u64>, found: Option<u64>) -> bool {
        let (Some(known), Some(found)) = (known, found) else { return false };
        known != found && !self.now.contains(&known) && self.before.contains(&found)
    }
}

impl Home {
    /// Looks whether the folder is there. `serving` says whether anything that applies by its place came from it.
    ///
    /// # Errors
    /// [`LoadError::Folder`] if it was named, or was there before, and is not there now; also if it is no folder, cannot be
    /// read, or is another one that stands in its place: what is left where something was mounted.
    pub(super) fn look(&mut self, plugins: &Plugins, serving: bool) -> Result<(), LoadError> {
        let folder = &plugins.folder;
        self.mounts.now = file::mounts();
        let was_away = self.away.contains("");
        // Until it has turned out to be there.
        self.away.insert(String::new());
        let away = |why: &str| Err(LoadError::Folder { path: folder.clone(), why: why.to_owned() });
        let found = match FolderIdentity::at(folder) {
            Ok(found) => found,
            // By default there need be none.
            Err(why) if why.is_missing() && plugins.folder_by == FolderNamedBy::Nobody && self.whole.is_none() => {
                self.away.remove("");
                return Ok(());
            }
            Err(why) if why.is_missing() => return away("is not there"),
            Err(why) => return away(&why.to_string()),
        };
        let known = self.whole.filter(|_| serving);
        if let Some(why) = known.and_then(|known| missing(&known, &found, was_away, &self.mounts)) {
            return away(why);
        }
        self.whole = Some(found);
        self.away.remove("");
        Ok(())
    }

    /// The same of its parts, when it is there itself: `found` are those that were found now, `serving` says of a part whether
    /// anything comes from it. Answers those whose mount is away.
    pub(super) fn look_at_parts(
        &mut self,
        folder: &Path,
        found: &[String],
        serving: impl Fn(&str) -> bool,
    ) -> Vec<(String, LoadError)> {
        let mut away: Vec<(String, &str)> = Vec::new();
        let mut parts = BTreeMap::new();
        for below in found {
            // One that cannot be looked at is said by whoever reads it.
            let Ok(mount) = file::mount_of(&folder.join(below)) else { continue };
            let known = self.parts.remove(below);
            let came_back_empty = || {
                self.away.contains(below) && FolderIdentity::at(&folder.join(below)).is_ok_and(|found| found.is_empty)
            };
            let why = match known.filter(|_| serving(below)) {
                Some(known) if self.mounts.fell_back(Some(known), mount) => Some(NOT_MOUNTED),
                Some(_) if came_back_empty() => Some(HOLLOW),
                Some(_) | None => None,
            };
            away.extend(why.map(|why| (below.clone(), why)));
            // What is away is remembered as it was.
            let mount = if why.is_some() { known } else { mount };
            parts.extend(mount.map(|mount| (below.clone(), mount)));
        }
        // Whoever takes a part away means it, unless it was a mount of its own that went.
        let own = self.whole.and_then(|whole| whole.mount);
        for (below, mount) in std::mem::take(&mut self.parts) {
            if Some(mount) != own && !self.mounts.now.contains(&mount) && serving(&below) {
                parts.insert(below.clone(), mount);
                away.push((below, NOT_MOUNTED));
            }
        }
        self.parts = parts;
        self.away = away.iter().map(|(below, _)| below.clone()).collect();
        self.mounts.before = self.mounts.now.clone();
        let error = |below: &str, why: &str| LoadError::Folder { path: folder.join(below), why: why.to_owned() };
        away.into_iter().map(|(below, why)| (below.clone(), error(&below, why))).collect()
    }
}

const NOT_MOUNTED: &str = "is not mounted any more";
const HOLLOW: &str = "is another folder than it was, and empty";

/// Why a folder that stands in another one's place is not taken for it, if so. `was_away`: there was none at the last look.
fn missing(known: &FolderIdentity, found: &FolderIdentity, was_away: bool, mounts: &Mounts) -> Option<&'static str> {
    if known.is(found) && !was_away {
        return None;
    }
    if (known.is_mount && !found.is_mount) || mounts.fell_back(known.mount, found.mount) {
        return Some(NOT_MOUNTED);
    }
    found.is_empty.then_some(HOLLOW)
}
