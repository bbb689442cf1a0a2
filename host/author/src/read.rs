//! Reading what an author names: regular files of a bounded length.

use std::path::{Path, PathBuf};

use weir_config::file::{self, EntryKind, FileError};

use crate::AuthorError;

/// Bytes of a plugin: as many as a gateway loads.
const WASM: u64 = 64 << 20;
/// Bytes of cases, schemas, signatures and keys.
const TEXT: u64 = 64 << 20;
/// Entries of a folder in which plugins are built or looked for.
const ENTRIES: usize = 65_536;

pub(crate) fn wasm(path: &Path) -> Result<Vec<u8>, AuthorError> {
    file::read(path, WASM).map(Vec::from).map_err(unreadable(path))
}

pub(crate) fn text(path: &Path) -> Result<String, AuthorError> {
    file::read_text(path, TEXT).map_err(unreadable(path))
}

/// The paths in a folder, in no order, and what stands at each.
pub(crate) fn folder(path: &Path) -> Result<Vec<(PathBuf, EntryKind)>, AuthorError> {
    let found = file::list(path, ENTRIES).map_err(unreadable(path))?;
    Ok(found.into_iter().map(|entry| (path.join(entry.name), entry.kind)).collect())
}

/// The same; none if there is no such folder.
pub(crate) fn folder_if_there(path: &Path) -> Result<Option<Vec<(PathBuf, EntryKind)>>, AuthorError> {
    match file::kind(path) {
        None => Ok(None),
        Some(_) => folder(path).map(Some),
    }
}

pub(crate) fn is_file(path: &Path) -> bool {
    file::kind(path) == Some(EntryKind::File)
}

pub(crate) fn is_folder(path: &Path) -> bool {
    file::kind(path) == Some(EntryKind::Folder)
}

/// The permissions of a file, as `chmod` writes them.
pub(crate) fn mode(path: &Path) -> Result<u32, AuthorError> {
    file::mode(path).map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl FnOnce(FileError) -> AuthorError + '_ {
    move |why| AuthorError::Unreadable { path: path.to_owned(), why: why.why() }
}

/// None if there is no such file.
pub(crate) fn text_if_there(path: &Path) -> Result<Option<String>, AuthorError> {
    match file::read_text(path, TEXT) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.is_missing() => Ok(None),
        Err(why) => Err(unreadable(path)(why)),
    }
}
