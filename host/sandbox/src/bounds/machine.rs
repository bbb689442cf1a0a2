//! How much memory this process can have, and how much of it plugins take where nobody says.

use std::path::{Path, PathBuf};
use weir_config::file;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Where the kernel shows control groups.
const GROUPS: &str = "/sys/fs/cgroup";
/// Bytes of a file of the kernel's.
const MOST: u64 = 64 << 10;
/// The least and the most that plugins have by themselves.
const USUAL: [u64; 2] = [64 << 20, 1 << 30];

/// Bytes of memory that all instances together may have where the configuration says nothing: a quarter of what there is.
pub(crate) fn usual() -> usize {
    let [least, most] = USUAL;
    let quarter = memory().map_or(least, |bytes| bytes / 4);
    usize::try_from(quarter.clamp(least, most)).unwrap_or(usize::MAX)
}

/// Bytes of memory of the machine, or of the control group that this process runs in; none where nobody tells.
fn memory() -> Option<u64> {
    let machine = nix::sys::sysinfo::sysinfo().ok().map(|info| info.ram_total());
    let own = file::read_text(Path::new("/proc/self/cgroup"), MOST).unwrap_or_default();
    bounds(&own).iter().filter_map(|file| bound(&file::read_text(file, MOST).ok()?)).chain(machine).min()
}

/// The files with the bounds of the groups that a process is in, and of those around them.
fn bounds(own: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in own.lines() {
        // `0::/path` is of version 2, `7:memory:/path` of version 1.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let (root, name) = match controllers {
            "" => (PathBuf::from(GROUPS), "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                (Path::new(GROUPS).join("memory"), "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let group = Path::new(group.trim_start_matches('/'));
        files.extend(group.ancestors().map(|group| root.join(group).join(name)));
    }
    files
}

/// What such a file says; none where it says that there is no bound.
fn bound(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}
