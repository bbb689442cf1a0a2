//! File descriptors: how many there are, how many of them clients may have, and a few that are kept for the admin listener.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs::File;
use std::io;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What is kept for others than clients: an eighth of all, from this many to that many. Providers, plugins' callouts, files
/// and the admin listener live on it.
const LEAST_KEPT: u64 = 24;
const MOST_KEPT: u64 = 1024;
/// Descriptors that are held so that there are some to give to the admin listener.
const SPARE: usize = 8;

/// How many descriptors the process may have open, after that was raised as far as the system lets it.
pub(crate) fn raise() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return u64::MAX };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return hard;
    }
    soft
}

/// How many of so many descriptors clients may bring the process to: a connection whose descriptor is not below this is
/// refused. The kernel gives the lowest number that is free, so the number says how many are in use.
pub(crate) fn for_clients(all: u64) -> u64 {
    all.saturating_sub((all / 8).clamp(LEAST_KEPT, MOST_KEPT))
}

/// What to say at a start with so many descriptors and this limit of connections; nothing if it is good.
pub(crate) fn warning(all: u64, connections: usize) -> Option<String> {
    let clients = for_clients(all);
    (connections as u64 > clients).then(|| {
        format!(
            "limits.connections is {connections}, but the process may have {all} files open (ulimit -n), of which clients \
             get {clients}: connections beyond that will be refused"
        )
    })
}

/// Whether an error says that no descriptor is left, to the process or to the machine.
pub(crate) fn are_used_up(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EMFILE | Errno::ENFILE))
}

/// Descriptors that are held for want of any.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<File>);

impl Spare {
    /// Takes as many as are wanting, and can be had.
    #[expect(clippy::disallowed_methods, reason = "nobody's file: it takes a descriptor and nothing else")]
    pub(crate) fn fill(&mut self) {
        while self.0.len() < SPARE {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file);
        }
    }

    /// Gives one back to the system, if there is any.
    pub(crate) fn give(&mut self) -> bool {
        self.0.pop().is_some()
    }
}
