//! The one way in which Weir opens files that an operator names or that lie in a folder of the operator's.
//!
//! What stands at a path may be anything: a pipe that nobody writes to, a device without an end, a socket, a folder, a
//! file system that has stopped answering. Only regular files are opened, and links to them; no more than a bound is read
//! of them; and whoever asks is answered within [`DEADLINE`], whatever the file system does. Where somebody watches files,
//! [`Looked`] says of each whether it lies still, and one that does not is not read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

mod look;
mod mounts;

pub use look::{Looked, Stamp};
pub use mounts::{mount_of, mounts};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// How long a file or folder may take to be read as a whole.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Reads that may be past their deadline at once; beyond it, everything is refused until one of them ends.
const MOST_STUCK: usize = 32;

/// Why a file, or a folder's list, could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file, or no permission, and the like.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else than a regular file, or a link to one.
    #[error("cannot be read: it is {0}, not a regular file")]
    Irregular(&'static str),
    /// More than the caller's bound.
    #[error("is more than {} MiB long", .0 >> 20)]
    TooLong(
        /// The bound in bytes.
        u64,
    ),
    /// It did not answer within [`DEADLINE`], or has not done so before and is still at it.
    #[error("cannot be read: it did not answer within {} s", DEADLINE.as_secs())]
    Slow,
    /// It changes while it is looked at.
    #[error("is still being written")]
    Moving,
    /// Its bytes are no text; the line, from 1, on which they end to be.
    #[error("is not UTF-8")]
    NotUtf8(
        /// The line.
        u32,
    ),
}

impl FileError {
    /// Whether there is nothing at the path.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(why) if why.kind() == ErrorKind::NotFound)
    }

    /// The reason alone, for a sentence that says already what could not be done.
    #[must_use]
    pub fn why(&self) -> String {
        let whole = self.to_string();
        whole.strip_prefix("cannot be read: ").map(str::to_owned).unwrap_or(whole)
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Io(_) => "check the path and its permissions",
            Self::Irregular(_) => "give a file, or a link to one",
            Self::TooLong(_) => "give the file that was meant",
            Self::Slow => "see to the file system that it is on",
            Self::Moving => "it is read once it lies still",
            Self::NotUtf8(_) => "save the file as UTF-8",
        }
    }
}

/// The bytes of a regular file, of which there are at most `most`.
///
/// # Errors
/// [`FileError`]: whatever else is there, or nothing, or it takes too long.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    read_still(path, most, &Looked::default())
}

/// The same, of a file that has not changed since it was found to lie still.
///
/// # Errors
/// The same, and [`FileError::Moving`].
pub fn read_still(path: &Path, most: u64, looked: &Looked) -> Result<Vec<u8>, FileError> {
    let (bytes, before, after) = in_time(path, move |path| read_here(path, most))?;
    let still = before == after && looked.admits(path, before);
    if looked.knows(path) && !still { Err(FileError::Moving) } else { Ok(bytes) }
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// The same as for [`read`], and [`FileError::NotUtf8`].
pub fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    text(read(path, most)?)
}

/// The same, of a file that has not changed since it was found to lie still.
///
/// # Errors
/// The same as for [`read_still`], and [`FileError::NotUtf8`].
pub fn read_still_text(path: &Path, most: u64, looked: &Looked) -> Result<String, FileError> {
    text(read_still(path, most, looked)?)
}

fn text(bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(good).filter(|b| **b == b'\n').count();
        FileError::NotUtf8(u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1))
    })
}

/// What stands in a folder under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A folder, or a link to one.
    Folder,
    /// A regular file, or a link to one.
    File,
    /// A link that leads nowhere, a pipe, a socket, a device.
    Other,
}

/// Which folder stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
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

impl Folder {
    /// The folder at a path, links followed.
    ///
    /// # Errors
    /// [`FileError`]: nothing there, or something else; or it takes too long.
    pub fn at(path: &Path) -> Result<Self, FileError> {
        in_time(path, |path| {
            let meta = fs::metadata(path)?;
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

/// The names in a folder, in no order, and what stands under each.
///
/// # Errors
/// [`FileError`]: no such folder, or it takes too long.
pub fn list(folder: &Path) -> Result<Vec<(OsString, Kind)>, FileError> {
    in_time(folder, |folder| {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = match fs::metadata(entry.path()) {
                Ok(meta) if meta.is_dir() => Kind::Folder,
                Ok(meta) if meta.is_file() => Kind::File,
                Ok(_) | Err(_) => Kind::Other,
            };
            found.push((entry.file_name(), kind));
        }
        Ok(found)
    })
}

/// Opens and reads on the calling thread; the stamps are of before and after.
fn read_here(path: &Path, most: u64) -> Result<(Vec<u8>, Stamp, Stamp), FileError> {
    // Opening a device can do something by itself, so what is there is looked at first, and then what was opened.
    regular(fs::metadata(path)?.file_type())?;
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let file = fs::File::options().read(true).custom_flags(flags).open(path)?;
    let before = file.metadata()?;
    regular(before.file_type())?;
    if before.len() > most {
        return Err(FileError::TooLong(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    (&file).take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLong(most));
    }
    let after = file.metadata()?;
    Ok((bytes, Stamp::new(&before), Stamp::new(&after)))
}

fn regular(kind: FileType) -> Result<(), FileError> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(FileError::Irregular(what))
}

/// Paths whose readers are past their deadline. A thread in a system call cannot be ended; what can be done is to start no
/// second one for the same path, and no more than a few in all.
static STUCK: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Does the work on another thread, and waits no longer than [`DEADLINE`] for it.
fn in_time<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    in_time_of(DEADLINE, path, work)
}

fn in_time_of<T: Send + 'static>(
    deadline: Duration,
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let stuck = || STUCK.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = {
        let stuck = stuck();
        stuck.len() >= MOST_STUCK || stuck.contains(path)
    };
    if refused {
        return Err(FileError::Slow);
    }
    let (sender, receiver) = mpsc::channel();
    let owned = path.to_owned();
    let job = Box::new(move || {
        let _ = sender.send(work(&owned));
        // After the answer: whoever gives up looks for one while nobody can take the path off the list.
        stuck().remove(&owned);
    });
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let found = idle().pop();
    let reader = match found {
        Some(reader) => reader,
        None => start_reader()?,
    };
    let broken = || FileError::from(io::Error::other("its reader broke off"));
    reader.send(job).map_err(|_| broken())?;
    match receiver.recv_timeout(deadline) {
        Ok(answer) => {
            let mut idle = idle();
            if idle.len() < MOST_IDLE {
                idle.push(reader);
            }
            answer
        }
        Err(RecvTimeoutError::Disconnected) => Err(broken()),
        // This reader ends when its system call does.
        Err(RecvTimeoutError::Timeout) => {
            let mut stuck = stuck();
            receiver.try_recv().unwrap_or_else(|_| {
                stuck.insert(path.to_owned());
                Err(FileError::Slow)
            })
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for something to read: a start reads thousands of files, and a thread for each would cost more than they.
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());
const MOST_IDLE: usize = 2;

fn start_reader() -> io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let reader = move || jobs.into_iter().for_each(|job| job());
    std::thread::Builder::new().name("weir-file".to_owned()).stack_size(256 << 10).spawn(reader)?;
    Ok(sender)
}
