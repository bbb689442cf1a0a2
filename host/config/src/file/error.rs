//! Why a file or a folder is not read.

use super::DEADLINE;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why a file, or a folder's list, could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing stands at the path, not even a link that leads nowhere.
    #[error("cannot be read: {0}")]
    Absent(io::Error),
    /// There is no such file behind a link, or no permission, and the like.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else than a regular file, or a link to one.
    #[error("cannot be read: it is {0}, not a regular file")]
    Irregular(&'static str),
    /// A link that leads out of the folder in which it may lead.
    #[error("cannot be read: it is a link that leads out of its folder")]
    Outside,
    /// More than the caller's bound.
    #[error("is more than {} long", size(*.0))]
    TooLong(
        /// The bound in bytes.
        u64,
    ),
    /// A folder with more entries than the caller's bound.
    #[error("holds more than {0} files")]
    TooMany(
        /// The bound.
        usize,
    ),
    /// A folder whose files are longer together than the caller's bound.
    #[error("holds more than {}", size(*.0))]
    TooMuch(
        /// The bound in bytes.
        u64,
    ),
    /// It did not answer within [`DEADLINE`], or it, or others in its folder, have not done so before and are still at it.
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
    /// Whether there is nothing at the path, or nothing behind the link that stands there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.is_absent() || matches!(self, Self::Io(why) if why.kind() == ErrorKind::NotFound)
    }

    /// Whether there is nothing at the path, not even a link that leads nowhere: whoever took it away meant it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }

    /// What a look at a path came to.
    pub(super) fn of(path: &Path, why: io::Error) -> Self {
        let nothing = |path: &Path| path.symlink_metadata().is_err_and(|why| why.kind() == ErrorKind::NotFound);
        if why.kind() == ErrorKind::NotFound && nothing(path) { Self::Absent(why) } else { Self::Io(why) }
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
            Self::Absent(_) | Self::Io(_) => "check the path and its permissions",
            Self::Irregular(_) => "give a file, or a link to one",
            Self::Outside => "put the file itself there, or a link to one in the same folder",
            Self::TooLong(_) => "give the file that was meant",
            Self::TooMany(_) | Self::TooMuch(_) => "leave in it what belongs there",
            Self::Slow => "see to the file system that it is on",
            Self::Moving => "it is read once it lies still",
            Self::NotUtf8(_) => "save the file as UTF-8",
        }
    }
}

/// A bound in words.
fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}
