//! Work with files on threads that may be given up: a thread in a system call cannot be ended, so that what can be done is to
//! wait no longer, to start no second one for the same path, and no more than a few for one folder and in all.

use super::{DEADLINE, FileError};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Reads that may be past their deadline at once; beyond it, everything is refused until one of them ends.
const MOST_STUCK: usize = 64;
/// The same of files in one folder: whoever may write there keeps nobody else's from being read.
const MOST_STUCK_BESIDE: usize = 2;

/// Paths whose readers are past their deadline.
static STUCK: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Does the work on another thread, and waits no longer than [`DEADLINE`] for it.
pub(super) fn in_time<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    in_time_of(DEADLINE, path, work)
}

/// The same with a file, in whose folder no more than a few may be stuck.
pub(super) fn in_time_with_file<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let beside = |other: &&PathBuf| other.parent() == path.parent();
    if stuck().iter().filter(beside).count() >= MOST_STUCK_BESIDE {
        return Err(FileError::Slow);
    }
    in_time_of(DEADLINE, path, work)
}

fn stuck() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    STUCK.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn in_time_of<T: Send + 'static>(
    deadline: Duration,
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
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
