//! What files are at one moment, and whether they lie still.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What tells one state of a file from another: length, times of change of content and of the inode in nanoseconds, and
/// which inode of which device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
    device: u64,
}

impl Stamp {
    /// The stamp of a file, links followed; none if there is nothing.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|meta| Self::new(&meta))
    }

    /// The same of a folder: which one it is, whatever is in it. None if there is no folder.
    #[must_use]
    pub fn of_folder(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok().filter(Metadata::is_dir)?;
        Some(Self { len: 0, modified: (0, 0), changed: (0, 0), inode: meta.ino(), device: meta.dev() })
    }

    /// Whether it is another state of the very file that this is one of, and not of another in its place.
    #[must_use]
    pub fn is_rewritten(&self, now: &Self) -> bool {
        (self.inode, self.device) == (now.inode, now.device) && self != now
    }

    /// The same, whatever is in the file: it changes when another one stands there.
    #[must_use]
    pub fn of_presence(self) -> Self {
        Self { len: 0, modified: (0, 0), changed: (0, 0), ..self }
    }

    pub(super) fn new(meta: &Metadata) -> Self {
        Self {
            len: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
            device: meta.dev(),
        }
    }
}

/// So old the last change of a file has to be when it is read for its stamp to tell it from what it is later: clocks of file
/// systems go in steps, up to two seconds long, and within one the same stamp may stand for two contents.
const SETTLED: Duration = Duration::from_secs(2);

/// What a file was when it was read, and will be again only if nobody has written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(Stamp);

impl Identity {
    /// That of a file which was read from `now` on; none if it had changed shortly before, as its own clock says.
    pub(super) fn of(stamp: Stamp, now: SystemTime) -> Option<Self> {
        let now = now.duration_since(UNIX_EPOCH).ok()?;
        let is_settled = |(seconds, nanos): (i64, i64)| {
            let (Ok(seconds), Ok(nanos)) = (u64::try_from(seconds), u32::try_from(nanos)) else { return false };
            now.checked_sub(Duration::new(seconds, nanos)).is_some_and(|age| age >= SETTLED)
        };
        (is_settled(stamp.modified) && is_settled(stamp.changed)).then_some(Self(stamp))
    }

    /// Whether a file with this stamp is the same.
    pub(super) fn is(self, stamp: Stamp) -> bool {
        self.0 == stamp
    }
}

/// The stamps of what is in a folder, links followed, of what is `wanted` by its path; on the calling thread, which may have
/// to wait for the file system. None if more than `most` entries are in it, wanted or not.
#[must_use]
pub fn stamps(folder: &Path, most: usize, wanted: impl Fn(&Path) -> bool) -> Option<Vec<(PathBuf, Stamp)>> {
    let mut found = Vec::new();
    for (n, entry) in fs::read_dir(folder).into_iter().flatten().flatten().enumerate() {
        if n >= most {
            return None;
        }
        let path = entry.path();
        if wanted(&path)
            && let Some(stamp) = Stamp::of(&path)
        {
            found.push((path, stamp));
        }
    }
    Some(found)
}

/// What a watcher has found of files: those that lay still, and as what; and those that did not. Of a file that is not in
/// it nothing is known, and it is read as it is.
#[derive(Debug, Clone, Default)]
pub struct Looked(Arc<BTreeMap<PathBuf, Option<Stamp>>>);

impl Looked {
    /// A file that lay still, with its stamp.
    pub fn still(&mut self, path: PathBuf, stamp: Stamp) {
        Arc::make_mut(&mut self.0).insert(path, Some(stamp));
    }

    /// A file that is being written.
    pub fn moving(&mut self, path: PathBuf) {
        Arc::make_mut(&mut self.0).insert(path, None);
    }

    /// The files that are being written.
    pub fn all_moving(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(|(_, stamp)| stamp.is_none()).map(|(path, _)| path.as_path())
    }

    /// Whether anything is known of a file.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Whether a file with this stamp is the one that lay still, or nothing is known of it.
    pub(super) fn admits(&self, path: &Path, stamp: Stamp) -> bool {
        self.0.get(path).is_none_or(|still| *still == Some(stamp))
    }
}
