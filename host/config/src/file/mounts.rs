//! What is mounted where, as the kernel numbers it: the number of a mount tells what stands at a path also where devices do
//! not, for a folder may be mounted anew elsewhere on the same device (`mount --bind`, volumes of containers).

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{FileError, in_time};

/// The numbers of all that is mounted now, for this process; empty where the system does not tell.
#[must_use]
pub fn mounts() -> BTreeSet<u64> {
    // proc(5), /proc/pid/mountinfo: the first field of each line.
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// The number of the mount that a path is on, links followed; none where the system does not tell.
///
/// # Errors
/// [`FileError`]: nothing there, or it takes too long.
pub fn mount_of(path: &Path) -> Result<Option<u64>, FileError> {
    in_time(path, |path| Ok(mount_here(path)?))
}

/// The same on the calling thread.
pub(super) fn mount_here(path: &Path) -> std::io::Result<Option<u64>> {
    // Nothing is done to it, and no permission to read it is needed.
    let file = fs::File::options().read(true).custom_flags(nix::libc::O_PATH).open(path)?;
    // proc(5), /proc/pid/fdinfo: `mnt_id` since Linux 3.15.
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).unwrap_or_default();
    Ok(info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok()))
}
