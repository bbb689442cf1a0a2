//! Compiled code on disk, so that a start with a warm cache compiles nothing.
//!
//! An entry is a keyed BLAKE3 hash followed by the code. The key is made once for each cache folder, which only its
//! owner may enter; an entry that does not match is deleted and compiled anew, never loaded.
#![expect(
    clippy::disallowed_methods,
    reason = "the gateway's own folder, into which nobody else may write; what it reads goes through `file`"
)]

mod sealed;

use crate::error::LoadError;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use weir_config::file::{self, FileBytes};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of the keyed hash before the code.
const SEAL: usize = 32;
/// Bytes of one entry: compiled code is larger than its file, by some.
const ENTRY: u64 = 1 << 30;
/// Bytes of all entries together, until it is said how many; the ones that were used longest ago go first.
const ROOM: u64 = 1 << 30;
/// Bytes that are read of the key's file.
const KEY: u64 = 1 << 10;

/// A folder of compiled code.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    room: u64,
}

impl Cache {
    /// Opens the cache in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`LoadError::Cache`] if the folder or its key cannot be made or read, or belongs to somebody else, or others may
    /// write to it.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        let fail = |what: &str, e: std::io::Error| LoadError::Cache(format!("{what} {}: {e}", folder.display()));
        let fresh = !folder.exists();
        fs::create_dir_all(folder).map_err(|e| fail("cannot make", e))?;
        if fresh {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(|e| fail("cannot protect", e))?;
        }
        let mode = fs::metadata(folder).map_err(|e| fail("cannot look at", e))?.mode();
        if mode & 0o022 != 0 {
            let why = format!("others may write to {}: chmod 700 it, or set plugins.cache", folder.display());
            return Err(LoadError::Cache(why));
        }
        let key = read_or_make_key(&folder.join("key")).map_err(|e| fail("no key in", e))?;
        let mode = fs::metadata(folder.join("key")).map_err(|e| fail("no key in", e))?.mode();
        if mode & 0o077 != 0 {
            let why = format!("others may read the key in {}: delete the folder", folder.display());
            return Err(LoadError::Cache(why));
        }
        let cache = Self { folder: folder.to_owned(), key, room: ROOM };
        cache.sweep();
        Ok(cache)
    }

    /// Changes how many bytes all entries may have together. What is beyond that goes when the next one is kept.
    pub(crate) fn set_room(&mut self, bytes: u64) {
        self.room = bytes;
    }

    /// Takes away what processes that are gone had not written to its end.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let writer = name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.')).map(|(_, writer)| writer);
            if writer.is_some_and(|writer| writer.parse::<u32>().is_ok() && !Path::new("/proc").join(writer).exists()) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    fn path(&self, wasm: &blake3::Hash, settings: u64) -> PathBuf {
        self.folder.join(format!("{}-{settings:016x}.code", wasm.to_hex()))
    }

    /// The name of a part begins with the file that it is of, so that it can go with it.
    fn path_of_part(&self, file: &blake3::Hash, part: &blake3::Hash, settings: u64) -> PathBuf {
        self.folder.join(format!("{}-{}-{settings:016x}.code", file.to_hex(), part.to_hex()))
    }

    /// The seal binds the code to the file it was compiled from, so that entries cannot be swapped for one another.
    fn seal(&self, wasm: &blake3::Hash, settings: u64, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(wasm.as_bytes()).update(&settings.to_le_bytes()).update(code);
        hasher.finalize()
    }

    /// The code compiled from a file of this hash with these engine settings, if it is here and whole.
    pub(crate) fn get(&self, wasm: &blake3::Hash, settings: u64) -> Option<FileBytes> {
        self.read(&self.path(wasm, settings), wasm, settings)
    }

    /// The same of a part that was taken out of a file.
    pub(crate) fn get_part(&self, (file, part): (&blake3::Hash, &blake3::Hash), settings: u64) -> Option<FileBytes> {
        self.read(&self.path_of_part(file, part, settings), part, settings)
    }

    fn read(&self, path: &Path, wasm: &blake3::Hash, settings: u64) -> Option<FileBytes> {
        let entry = file::read(path, ENTRY).ok()?;
        let intact = entry.split_first_chunk::<SEAL>().filter(|(seal, code)| self.seal(wasm, settings, code) == **seal);
        if intact.is_none() {
            tracing::warn!(path = %path.display(), "compiled code does not match its seal: thrown away");
            let _ = fs::remove_file(path);
            return None;
        }
        // The time of use decides what goes when room is short.
        let _ = fs::File::options().append(true).open(path).and_then(|f| f.set_modified(SystemTime::now()));
        Some(entry.without_first(SEAL))
    }

    /// Keeps compiled code.
    pub(crate) fn put(&self, wasm: &blake3::Hash, settings: u64, code: &[u8]) -> std::io::Result<()> {
        self.keep(&self.path(wasm, settings), self.seal(wasm, settings, code), code)
    }

    /// Keeps the compiled code of a part that was taken out of a file.
    pub(crate) fn put_part(
        &self,
        (file, part): (&blake3::Hash, &blake3::Hash),
        settings: u64,
        code: &[u8],
    ) -> std::io::Result<()> {
        self.keep(&self.path_of_part(file, part, settings), self.seal(part, settings, code), code)
    }

    fn keep(&self, path: &Path, seal: blake3::Hash, code: &[u8]) -> std::io::Result<()> {
        let half = half_of(path);
        let written = write(&half, &[seal.as_bytes(), code]);
        written.and_then(|()| fs::rename(&half, path)).inspect_err(|_| drop(fs::remove_file(&half)))?;
        self.prune(path)
    }

    /// Takes away what was compiled of a file, and of its parts.
    pub(crate) fn forget(&self, file: &blake3::Hash) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let begins = file.to_hex();
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(begins.as_str()) && name.ends_with(".code") {
                let _ = fs::remove_file(&path);
            }
        }
    }

    fn prune(&self, newest: &Path) -> std::io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|e| e == "code") {
                let meta = entry.metadata()?;
                entries.push((meta.modified()?, meta.len(), entry.path()));
            }
        }
        let mut used: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        entries.sort();
        for (_, bytes, path) in entries {
            if used <= self.room {
                break;
            }
            if path != newest {
                fs::remove_file(&path)?;
                used -= bytes;
            }
        }
        Ok(())
    }
}

/// The name of a file that is being written.
fn half_of(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.tmp", std::process::id()))
}

/// Writes a file that only its owner may read, or leaves nothing: a disk that is full is no fuller for it.
fn write(path: &Path, pieces: &[&[u8]]) -> std::io::Result<()> {
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece)).inspect_err(|_| drop(fs::remove_file(path)))
}

fn read_or_make_key(path: &Path) -> std::io::Result<[u8; 32]> {
    if let Ok(found) = file::read(path, KEY)
        && let Ok(key) = (*found).try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let half = half_of(path);
    write(&half, &[&key])?;
    // Another process may be doing the same: whoever links first wins, and both use what is there.
    let _ = fs::hard_link(&half, path);
    fs::remove_file(&half)?;
    (*file::read(path, KEY).map_err(std::io::Error::other)?)
        .try_into()
        .map_err(|_| std::io::Error::other("the key file is not 32 bytes: delete it"))
}
