//! What is in the plugin folder.

use crate::source::{Source, TENANTS};
use std::path::Path;
use weir_config::file::{self, FileError, Kind};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What applies by where it stands.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// The files in the order in which they apply: `all/` by name, then tenants by name.
    pub(super) files: Vec<Source>,
    /// The folders that were looked through, below the plugin folder.
    pub(super) folders: Vec<String>,
    /// Folders of which nobody can tell what is in them, and why.
    pub(super) unread: Vec<(Source, FileError)>,
}

/// Looks through `all/` and `tenants/`.
pub(super) fn by_place(folder: &Path) -> Placed {
    let mut placed = Placed::default();
    placed.add("all".to_owned(), folder, Source::All);
    match entries(&folder.join(TENANTS)) {
        Err(why) => placed.unread.push((Source::Folder(TENANTS.to_owned()), why)),
        Ok(mut tenants) => {
            placed.folders.push(TENANTS.to_owned());
            tenants.sort();
            // What is neither folder nor file may be a link to a folder that is away: it holds plugins that are not there.
            for (tenant, _) in tenants.iter().filter(|(_, kind)| *kind != Kind::File) {
                placed.add(format!("{TENANTS}/{tenant}"), folder, |name| Source::Tenant(tenant.clone(), name));
            }
        }
    }
    placed
}

impl Placed {
    fn add(&mut self, below: String, folder: &Path, source: impl Fn(String) -> Source) {
        match names(&folder.join(&below)) {
            Ok(names) => {
                self.files.extend(names.into_iter().map(source));
                self.folders.push(below);
            }
            Err(why) => self.unread.push((Source::Folder(below), why)),
        }
    }
}

/// Plugins in one folder, by name; hidden files are somebody's half-done work. Whatever else is called `NAME.wasm` is meant
/// to be a plugin, and if it is none, that is said when it is read.
fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let plugin = |(name, _): (String, Kind)| name.strip_suffix(".wasm").map(str::to_owned);
    let named = |stem: &String| !stem.is_empty() && !stem.starts_with('.');
    let mut names: Vec<String> = entries(folder)?.into_iter().filter_map(plugin).filter(named).collect();
    names.sort();
    Ok(names)
}

/// What is in a folder. One that is not there holds nothing; one that is a link to nowhere is not readable.
fn entries(folder: &Path) -> Result<Vec<(String, Kind)>, FileError> {
    match file::list(folder) {
        Ok(found) => Ok(found.into_iter().map(|(name, kind)| (name.to_string_lossy().into_owned(), kind)).collect()),
        Err(why) if why.is_missing() && folder.symlink_metadata().is_err() => Ok(Vec::new()),
        Err(why) => Err(why),
    }
}
