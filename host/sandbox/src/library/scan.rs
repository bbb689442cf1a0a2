//! What is in the plugin folder.

use crate::engine::FILE_LIMIT;
use crate::error::LoadError;
use crate::source::{self, PluginSource, TENANTS};
use std::ffi::OsStr;
use std::path::Path;
use weir_config::file::{self, ENTRIES, EntryKind, FOLDERS, FileError, FolderEntry};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of all files of one tenant that are read: they are at each reload, whoever it is for.
const BYTES: u64 = 256 << 20;

/// What applies by where it stands.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// The files in the order in which they apply: `all/` by name, then tenants by name.
    pub(super) files: Vec<PluginSource>,
    /// The folders that were looked through, below the plugin folder.
    pub(super) folders: Vec<String>,
    /// Folders of which nobody can tell what is in them, and why.
    pub(super) unread: Vec<(PluginSource, FileError)>,
    /// Files that are meant to be plugins, under a name that no plugin can have.
    pub(super) unnamed: Vec<(PluginSource, LoadError)>,
}

/// Looks through `all/` and `tenants/`.
pub(super) fn by_place(folder: &Path) -> Placed {
    let mut placed = Placed::default();
    placed.add(("all".to_owned(), u64::MAX), folder, PluginSource::All);
    match entries(&folder.join(TENANTS), FOLDERS) {
        Err(why) => placed.unread.push((PluginSource::Folder(TENANTS.to_owned()), why)),
        Ok(mut tenants) => {
            placed.folders.push(TENANTS.to_owned());
            tenants.sort();
            // What is neither folder nor file may be a link to a folder that is away: it holds plugins that are not there.
            for tenant in tenants.into_iter().filter(|entry| entry.kind != EntryKind::File) {
                let tenant = tenant.name.to_string_lossy().into_owned();
                placed.add((format!("{TENANTS}/{tenant}"), BYTES), folder, |name| {
                    PluginSource::Tenant(tenant.clone(), name)
                });
            }
        }
    }
    placed
}

impl Placed {
    /// Adds what is in a folder, of which no more than so many bytes are taken.
    fn add(&mut self, (below, most): (String, u64), folder: &Path, source: impl Fn(String) -> PluginSource) {
        let found = match entries(&folder.join(&below), ENTRIES) {
            Ok(found) if found.iter().map(read_of).sum::<u64>() <= most => found,
            Ok(_) => return self.unread.push((PluginSource::Folder(below), FileError::TooMuch(most))),
            Err(why) => return self.unread.push((PluginSource::Folder(below), why)),
        };
        let mut names = Vec::new();
        for stem in found.iter().filter_map(|entry| stem(&entry.name)) {
            match source::name(stem) {
                Ok(name) => names.push(name),
                Err((shown, why)) => self.unnamed.push((source(shown), LoadError::Name { why })),
            }
        }
        names.sort();
        self.files.extend(names.into_iter().map(source));
        self.folders.push(below);
    }
}

/// What is before `.wasm` in the name of a file; nothing if it is not called so. Hidden files are somebody's half-done work.
/// Whatever else is called `NAME.wasm` is meant to be a plugin, and if it is none, that is said when it is read.
fn stem(name: &OsStr) -> Option<&[u8]> {
    let stem = name.as_encoded_bytes().strip_suffix(b".wasm")?;
    (!stem.is_empty() && !stem.starts_with(b".")).then_some(stem)
}

/// Bytes that are read of a file at the most, at each look: of one that is longer than may be nothing is.
fn read_of(entry: &FolderEntry) -> u64 {
    let is_read = Path::new(&entry.name)
        .extension()
        .is_some_and(|e| ["wasm", "toml", "json", "sig"].iter().any(|kind| e == *kind));
    if is_read && entry.bytes <= FILE_LIMIT { entry.bytes } else { 0 }
}

/// What is in a folder. One that is not there holds nothing; one that is a link to nowhere is not readable.
fn entries(folder: &Path, most: usize) -> Result<Vec<FolderEntry>, FileError> {
    match file::list(folder, most) {
        Err(why) if why.is_absent() => Ok(Vec::new()),
        found => found,
    }
}
