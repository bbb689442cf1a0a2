//! Where a file stands, and how far links may lead from there.
#![expect(clippy::disallowed_methods, reason = "this is where files are opened, and what was opened is looked at")]

use std::fs::{File, FileType, Metadata};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::FileError;

/// A file by its path, and the folder that links on the way to it may not lead out of, if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileSpot {
    path: PathBuf,
    within: Option<PathBuf>,
}

impl FileSpot {
    /// A file that whoever named it may have anywhere: links are followed wherever they lead.
    #[must_use]
    pub fn anywhere(path: PathBuf) -> Self {
        Self { path, within: None }
    }

    /// A file in a folder that somebody else may write to: it is read if it is in the folder with all links followed, as
    /// what Kubernetes mounts is (`NAME -> ..data/NAME`), and not if it is anywhere else. The folder itself may be a link.
    #[must_use]
    pub fn within(folder: PathBuf, name: &str) -> Self {
        Self { path: folder.join(name), within: Some(folder) }
    }

    /// Its path, links and all.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl From<&Path> for FileSpot {
    fn from(path: &Path) -> Self {
        Self::anywhere(path.to_owned())
    }
}

impl From<&PathBuf> for FileSpot {
    fn from(path: &PathBuf) -> Self {
        Self::anywhere(path.clone())
    }
}

/// Opens a regular file for reading, on the calling thread. Nothing is done to what is none.
pub(super) fn open(spot: &FileSpot) -> Result<(File, Metadata), FileError> {
    let file = match &spot.within {
        None => {
            // Opening a device can do something by itself, so what is there is looked at first, and then what was opened.
            let meta = std::fs::metadata(&spot.path).map_err(|why| FileError::of(&spot.path, why))?;
            regular(meta.file_type())?;
            reading().open(&spot.path)?
        }
        Some(folder) => open_within(folder, &spot.path)?,
    };
    let meta = file.metadata()?;
    regular(meta.file_type())?;
    Ok((file, meta))
}

/// What is judged is what is read, whoever puts something else at the path meanwhile: the file is held before anything is asked
/// of it, the kernel says where it stands, and this very one is opened for reading.
fn open_within(folder: &Path, path: &Path) -> Result<File, FileError> {
    let (home, found) = (hold(folder)?, hold(path)?);
    let (Ok(home_is), Ok(file_is)) = (place_of(&home), place_of(&found)) else {
        // Without /proc nobody says where a link has led, so none is followed. Of a file the folder's own name was followed.
        let meta = std::fs::symlink_metadata(path).map_err(|why| FileError::of(path, why))?;
        if meta.file_type().is_symlink() {
            return Err(FileError::Outside);
        }
        regular(meta.file_type())?;
        let file = File::options().read(true).custom_flags(FLAGS | nix::libc::O_NOFOLLOW).open(path);
        return Ok(file?);
    };
    // Before anything else is said of it.
    if !file_is.starts_with(&home_is) {
        return Err(FileError::Outside);
    }
    regular(found.metadata()?.file_type())?;
    Ok(reading().open(by_descriptor(&found))?)
}

/// Takes hold of what stands at a path, links followed, without opening it: nothing is done to it.
fn hold(path: &Path) -> Result<File, FileError> {
    let held = File::options().read(true).custom_flags(nix::libc::O_PATH).open(path);
    held.map_err(|why| FileError::of(path, why))
}

/// Where the kernel says that it stands (proc(5), /proc/pid/fd).
fn place_of(file: &File) -> io::Result<PathBuf> {
    std::fs::read_link(by_descriptor(file))
}

fn by_descriptor(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

const FLAGS: i32 = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;

fn reading() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).custom_flags(FLAGS);
    options
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
