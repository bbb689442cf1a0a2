//! Noticing that files changed, and that they have stopped changing: the kernel tells at once, and a cheap look each second
//! catches what it missed. The configuration and the plugin folder are watched apart, each on a thread of its own: neither a
//! file system that does not answer nor a file that is still being written holds up what has nothing to do with it.

mod kernel;
mod order;
mod prints;
mod settle;

pub(crate) use order::FileChange;

use kernel::Kernel;
use order::WatchOrder;
use prints::{Prints, WatchedFiles, prints, watched_folders};
use settle::{StableWait, WatchStep};

use crate::control::latest::{Join as _, Latest};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use weir_config::Stamp;
use weir_config::file::DEADLINE;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The look that catches what no event told.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks lies at least this, and four times what a look took: whatever else is written beside what is watched
/// must not keep a core busy with looking.
const PAUSE: Duration = Duration::from_millis(20);
/// How long whoever asks for a look waits for it: a little more than the longest settling, and another that is under way.
const ANSWER: Duration = Duration::from_secs(8);

/// Watches the configuration with the files that it names, or the plugin folder.
pub(crate) struct Watch {
    orders: Sender<WatchOrder>,
    events: Arc<Latest<FileChange>>,
}

impl Watch {
    /// Begins to watch the configuration in a file and the files that it names; `stamp` is what it was when it was read.
    /// With `alone`, changes are told as they happen; without it, only when somebody asks.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(crate) fn configuration(
        file: PathBuf,
        stamp: Option<Stamp>,
        named: Vec<PathBuf>,
        alone: bool,
    ) -> io::Result<Self> {
        let watched = WatchedFiles::Configuration { file: file.clone(), named };
        // As it was when it was read, and not as it may be by now.
        Self::start("weir-watch", watched, alone, move |seen| {
            seen.remove(&file);
            seen.extend(stamp.map(|stamp| (file, stamp)));
        })
    }

    /// The same for the plugin folder.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub(crate) fn plugins(folder: PathBuf, alone: bool) -> io::Result<Self> {
        Self::start("weir-watch-plug", WatchedFiles::Plugins { folder }, alone, |_| {})
    }

    /// Begins, and comes back when it has begun: what changes from then on is noticed. A file system that does not answer is
    /// not waited for.
    fn start(
        name: &str,
        watched: WatchedFiles,
        alone: bool,
        as_read: impl FnOnce(&mut Prints) + Send + 'static,
    ) -> io::Result<Self> {
        let ((orders, received), (begun, has_begun)) = (channel(), channel());
        let events = Arc::new(Latest::default());
        let (own, told) = (orders.clone(), Arc::clone(&events));
        let run = move || {
            let mut seen = prints(&watched);
            as_read(&mut seen);
            let pending = Arc::new(AtomicBool::new(false));
            let kernel = if alone { Kernel::start(own, &pending) } else { None };
            let (took, events) = (Cell::default(), told);
            let mut thread = Thread { watched, seen, reported: BTreeSet::new(), pending, kernel, took, events };
            thread.follow();
            let _ = begun.send(());
            thread.run(&received, alone.then_some(LOOK));
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        let _ = has_begun.recv_timeout(DEADLINE);
        Ok(Self { orders, events })
    }

    /// Waits until something has changed and has stopped changing.
    pub(crate) async fn changed(&self) -> FileChange {
        self.events.next().await
    }

    /// Looks now, and waits until files lie still. Where that cannot be found out in time, nothing is known of them.
    pub(crate) async fn look(&self) -> FileChange {
        let (tell, told) = oneshot::channel();
        let _ = self.orders.send(WatchOrder::Look(tell));
        let found = match tokio::time::timeout(ANSWER, told).await {
            Ok(Ok(change)) => change,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("files are read without having been watched: a file system does not answer");
                FileChange::default()
            }
        };
        match self.events.take() {
            Some(before) => before.join(found),
            None => found,
        }
    }

    /// From now on, these files are watched as part of the configuration, if that is what is watched.
    pub(crate) fn name(&self, files: &[PathBuf]) {
        let _ = self.orders.send(WatchOrder::Named(files.to_vec()));
    }
}

struct Thread {
    watched: WatchedFiles,
    /// What files were when they lay still last.
    seen: Prints,
    /// The files that were said to be being written.
    reported: BTreeSet<PathBuf>,
    /// Whether a notice waits.
    pending: Arc<AtomicBool>,
    kernel: Option<Kernel>,
    /// How long the last look took.
    took: Cell<Duration>,
    events: Arc<Latest<FileChange>>,
}

impl Thread {
    fn run(mut self, orders: &Receiver<WatchOrder>, look: Option<Duration>) {
        loop {
            let order = match look {
                Some(time) => orders.recv_timeout(time),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(WatchOrder::Named(files)) => self.name(files),
                Ok(WatchOrder::Look(tell)) => {
                    let _ = tell.send(self.settle());
                }
                Ok(WatchOrder::Event) => {
                    std::thread::sleep(self.pause());
                    self.pending.store(false, Ordering::Release);
                    self.tell_news();
                }
                Err(RecvTimeoutError::Timeout) => self.tell_news(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Tells what has changed, if anything has.
    fn tell_news(&mut self) {
        // A file that was being written may have come back to exactly what it was before: that, too, is news.
        if self.prints() == self.seen && self.reported.is_empty() {
            return;
        }
        let before = self.reported.clone();
        let change = self.settle();
        // What is still being written was said already, and is said again only when that changes.
        if !change.changed.is_empty() || self.reported != before {
            self.events.tell(change);
        }
    }

    /// Waits until files lie still, for a bounded time.
    fn settle(&mut self) -> FileChange {
        let mut settle = StableWait::begin(&self.seen, Instant::now());
        loop {
            let now = self.prints();
            match settle.step(now, Instant::now()) {
                WatchStep::Wait(time) => std::thread::sleep(time.max(self.pause())),
                WatchStep::Done(found) => {
                    self.seen = found.seen;
                    self.reported = found.change.looked.all_moving().map(Path::to_path_buf).collect();
                    self.follow();
                    return found.change;
                }
            }
        }
    }

    fn prints(&self) -> Prints {
        let start = Instant::now();
        let found = prints(&self.watched);
        self.took.set(start.elapsed());
        found
    }

    fn pause(&self) -> Duration {
        PAUSE.max(self.took.get() * 4)
    }

    fn name(&mut self, files: Vec<PathBuf>) {
        let WatchedFiles::Configuration { named, .. } = &mut self.watched else { return };
        let before = std::mem::replace(named, files);
        // What is new is a change at the next look: it may have been written since it was read.
        let gone = |path: &PathBuf| before.contains(path) && !named.contains(path);
        self.seen.retain(|path, _| !gone(path));
        self.follow();
    }

    /// Has the kernel tell of the folders that are there now.
    fn follow(&mut self) {
        if let Some(kernel) = &mut self.kernel {
            kernel.follow(watched_folders(&self.watched, &self.seen));
        }
    }
}
