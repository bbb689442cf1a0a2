//! Reading what an author names: regular files of a bounded length.

use std::path::Path;

use weir_config::file;

use crate::AuthorError;

/// Bytes of a plugin: as many as a gateway loads.
const WASM: u64 = 64 << 20;
/// Bytes of cases, schemas, signatures and keys.
const TEXT: u64 = 64 << 20;

pub(crate) fn wasm(path: &Path) -> Result<Vec<u8>, AuthorError> {
    file::read(path, WASM).map_err(|why| AuthorError::Unreadable { path: path.to_owned(), why: why.why() })
}

pub(crate) fn text(path: &Path) -> Result<String, AuthorError> {
    file::read_text(path, TEXT).map_err(|why| AuthorError::Unreadable { path: path.to_owned(), why: why.why() })
}

/// None if there is no such file.
pub(crate) fn text_if_there(path: &Path) -> Result<Option<String>, AuthorError> {
    match file::read_text(path, TEXT) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.is_missing() => Ok(None),
        Err(why) => Err(AuthorError::Unreadable { path: path.to_owned(), why: why.why() }),
    }
}
