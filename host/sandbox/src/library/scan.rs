//! What is in the plugin folder.

use super::strays::{Room, ScanContext, Strays};
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
    /// What does nothing.
    pub(super) strays: Strays,
}

/// Looks through `all/` and `tenants/`.
pub(super) fn by_place(known: &ScanContext<'_>) -> Placed {
    let (folder, mut placed) = (known.folder, Placed::default());
    // That it cannot be read is said by whoever looks whether it is there.
    placed.strays.add(Room::Whole, &entries(folder, ENTRIES).unwrap_or_default(), known);
    placed.add(("all".to_owned(), u64::MAX), known, PluginSource::All, Room::All);
    match entries(&folder.join(TENANTS), FOLDERS) {
        Err(why) => placed.unread.push((PluginSource::Folder(TENANTS.to_owned()), why)),
        Ok(mut tenants) => {
            placed.folders.push(TENANTS.to_owned());
            tenants.sort();
            placed.strays.add(Room::Tenants, &tenants, known);
            // What is neither folder nor file may be a link to a folder that is away: it holds plugins that are not there.
            for tenant in tenants.into_iter().filter(|entry| entry.kind != EntryKind::File) {
                let tenant = tenant.name.to_string_lossy().into_owned();
                let source = |name| PluginSource::Tenant(tenant.clone(), name);
                placed.add((format!("{TENANTS}/{tenant}"), BYTES), known, source, Room::Tenant(&tenant));
            }
        }
    }
    placed
}

impl Placed {
    /// Adds what is in a folder, of which no more than so many bytes are taken.
    fn add(
        &mut self,
        (below, most): (String, u64),
        known: &ScanContext<'_>,
        source: impl Fn(String) -> PluginSource,
        room: Room<'_>,
    ) {
        let found = match entries(&known.folder.join(&below), ENTRIES) {
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
        match room {
            // Each plugin for a tenant who is not there is a problem of its own.
            Room::Tenant(tenant) if !known.tenants.contains(tenant) => {
                if names.is_empty() {
                    self.strays.add_nobodys(tenant, &found, known);
                }
            }
            Room::Whole | Room::All | Room::Tenants | Room::Tenant(_) => self.strays.add(room, &found, known),
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
