//! The one way in which Weir opens files that an operator names or that lie in a folder of the operator's.
//!
//! What stands at a path may be anything: a pipe that nobody writes to, a device without an end, a socket, a folder, a
//! file system that has stopped answering. Only regular files are opened, and links to them, of which a [`FileSpot`] says
//! how far they may lead; no more than a bound is read of them; and whoever asks is answered within [`DEADLINE`], whatever
//! the file system does. Where somebody watches files, [`Looked`] says of each whether it lies still, and one that does not
//! is not read.
//!
//! Nothing else of the host opens a file, lists a folder or looks what stands at a path: `clippy.toml` bans it by name.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place that opens files, lists folders and looks at paths"
)]

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

mod aside;
mod bytes;
mod deadline;
mod error;
mod look;
mod mounts;
mod spot;

pub use bytes::FileBytes;
pub use deadline::DEADLINE;
pub use error::FileError;
pub use look::{Identity, Looked, Stamp, stamps};
pub use mounts::{mount_of, mounts};
pub use spot::FileSpot;

use aside::{in_time, in_time_with_file};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Entries, of whatever kind, of a folder of plugins; one that holds more is not read.
pub const ENTRIES: usize = 4_096;
/// The same of a folder that holds a folder for each tenant.
pub const FOLDERS: usize = 65_536;

/// The bytes of a regular file, of which there are at most `most`.
///
/// # Errors
/// [`FileError`]: whatever else is there, or nothing, or it takes too long.
pub fn read(file: impl Into<FileSpot>, most: u64) -> Result<FileBytes, FileError> {
    read_still(file, most, &Looked::default())
}

/// The same, of a file that has not changed since it was found to lie still.
///
/// # Errors
/// The same, and [`FileError::Moving`].
pub fn read_still(file: impl Into<FileSpot>, most: u64, looked: &Looked) -> Result<FileBytes, FileError> {
    match read_new(file, most, looked, None)? {
        FileContent::New(bytes, _) => Ok(bytes),
        // Nothing was known of it.
        FileContent::Same => Err(FileError::Moving),
    }
}

/// What a file that was read before has come to.
#[derive(Debug)]
pub enum FileContent {
    /// It is what it was: nothing of it was read.
    Same,
    /// What stands in it now, and what tells it from others, where that will do not to read it again.
    New(FileBytes, Option<Identity>),
}

/// The same, of a file that is `known`: if it is still that one, in that state, it is not read.
///
/// # Errors
/// As for [`read_still`].
pub fn read_new(
    file: impl Into<FileSpot>,
    most: u64,
    looked: &Looked,
    known: Option<Identity>,
) -> Result<FileContent, FileError> {
    let (spot, begun) = (file.into(), SystemTime::now());
    let path = spot.path().to_owned();
    let (bytes, before, after) = in_time_with_file(&path, move |_| read_here(&spot, most, known))?;
    let still = before == after && looked.admits(&path, before);
    if looked.knows(&path) && !still {
        return Err(FileError::Moving);
    }
    let identity = Identity::of(before, begun).filter(|_| before == after);
    Ok(bytes.map_or(FileContent::Same, |bytes| FileContent::New(bytes, identity)))
}

/// Writes the bytes of a regular file, of which there are at most `most`, to `sink`, which is given back: for what need not
/// have all of a long file in memory.
///
/// # Errors
/// As for [`read`], and [`FileError::Io`] if `sink` takes no more.
pub fn copy<W: Write + Send + 'static>(file: impl Into<FileSpot>, most: u64, mut sink: W) -> Result<W, FileError> {
    let spot = file.into();
    let path = spot.path().to_owned();
    in_time_with_file(&path, move |_| {
        let (file, meta) = spot::open(&spot)?;
        if meta.len() > most || io::copy(&mut (&file).take(most + 1), &mut sink)? > most {
            return Err(FileError::TooLong(most));
        }
        Ok(sink)
    })
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// The same as for [`read`], and [`FileError::NotUtf8`].
pub fn read_text(file: impl Into<FileSpot>, most: u64) -> Result<String, FileError> {
    text(read(file, most)?)
}

/// The same, of a file that has not changed since it was found to lie still.
///
/// # Errors
/// The same as for [`read_still`], and [`FileError::NotUtf8`].
pub fn read_still_text(file: impl Into<FileSpot>, most: u64, looked: &Looked) -> Result<String, FileError> {
    text(read_still(file, most, looked)?)
}

/// What was read as text.
///
/// # Errors
/// [`FileError::NotUtf8`].
pub fn text(bytes: FileBytes) -> Result<String, FileError> {
    String::from_utf8(bytes.into()).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(good).filter(|b| **b == b'\n').count();
        FileError::NotUtf8(u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1))
    })
}

/// What stands in a folder under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A folder, or a link to one.
    Folder,
    /// A regular file, or a link to one.
    File,
    /// A link that leads nowhere, a pipe, a socket, a device.
    Other,
}

/// Which folder stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderIdentity {
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// The number of the mount that it is on, where the system tells.
    pub mount: Option<u64>,
    /// Whether another device is mounted there than the folder around it is on.
    pub is_mount: bool,
    /// Whether there is nothing in it.
    pub is_empty: bool,
}

impl FolderIdentity {
    /// The folder at a path, links followed.
    ///
    /// # Errors
    /// [`FileError`]: nothing there, or something else; or it takes too long.
    pub fn at(path: &Path) -> Result<Self, FileError> {
        in_time(path, |path| {
            let meta = fs::metadata(path).map_err(|why| FileError::of(path, why))?;
            if !meta.is_dir() {
                return Err(io::Error::from(ErrorKind::NotADirectory).into());
            }
            let around = fs::canonicalize(path)?.parent().map(fs::metadata).transpose()?;
            Ok(Self {
                device: meta.dev(),
                inode: meta.ino(),
                mount: mounts::mount_here(path)?,
                is_mount: around.is_some_and(|around| around.dev() != meta.dev()),
                is_empty: fs::read_dir(path)?.next().is_none(),
            })
        })
    }

    /// Whether it is the same folder, whatever is in it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    /// Its name in the folder.
    pub name: OsString,
    /// What stands under it.
    pub kind: EntryKind,
    /// Bytes of a file; 0 of anything else.
    pub bytes: u64,
}

/// What is in a folder of at most `most` entries, in no order.
///
/// # Errors
/// [`FileError`]: no such folder, more in it than that, or it takes too long.
pub fn list(folder: &Path, most: usize) -> Result<Vec<FolderEntry>, FileError> {
    in_time(folder, move |folder| {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(|why| FileError::of(folder, why))? {
            let entry = entry?;
            if found.len() >= most {
                return Err(FileError::TooMany(most));
            }
            let (kind, bytes) = look_here(&entry.path());
            found.push(FolderEntry { name: entry.file_name(), kind, bytes });
        }
        Ok(found)
    })
}

/// What stands at a path; none if there is nothing, not even a link that leads nowhere, or nothing can be said of it.
#[must_use]
pub fn kind(path: &Path) -> Option<EntryKind> {
    let look = |path: &Path| match path.symlink_metadata() {
        Ok(_) => Ok(look_here(path).0),
        Err(why) => Err(FileError::from(why)),
    };
    in_time(path, look).ok()
}

/// The permissions of what stands at a path, links followed, as `chmod` writes them.
///
/// # Errors
/// [`FileError`]: nothing there, or it takes too long.
pub fn mode(path: &Path) -> Result<u32, FileError> {
    in_time(path, |path| Ok(fs::metadata(path).map_err(|why| FileError::of(path, why))?.mode()))
}

fn look_here(path: &Path) -> (EntryKind, u64) {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => (EntryKind::Folder, 0),
        Ok(meta) if meta.is_file() => (EntryKind::File, meta.len()),
        Ok(_) | Err(_) => (EntryKind::Other, 0),
    }
}

/// Opens and reads on the calling thread; the stamps are of before and after. None where it is what is `known` of it.
fn read_here(
    spot: &FileSpot,
    most: u64,
    known: Option<Identity>,
) -> Result<(Option<FileBytes>, Stamp, Stamp), FileError> {
    let (file, meta) = spot::open(spot)?;
    let before = Stamp::new(&meta);
    if known.is_some_and(|known| known.is(before)) {
        return Ok((None, before, before));
    }
    if meta.len() > most {
        return Err(FileError::TooLong(most));
    }
    let bytes = FileBytes::read(&file, meta.len(), most)?.ok_or(FileError::Moving)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLong(most));
    }
    let after = Stamp::new(&file.metadata()?);
    Ok((Some(bytes), before, after))
}
