//! What is told of a breaker, and how often: a provider that is limited every second is not news every second.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// At most one bad piece of news in so many milliseconds.
const EVERY: u64 = 10_000;

#[derive(Debug, Default)]
pub(super) struct News {
    /// Until when nothing bad is told again; zero if nothing was told yet.
    quiet: AtomicU64,
    /// Something bad was told, and nothing good since.
    open: AtomicBool,
    /// What was not told.
    untold: AtomicU64,
}

impl News {
    /// Whether to tell of something bad.
    pub(super) fn bad(&self, now: u64) -> bool {
        let quiet = self.quiet.load(Relaxed);
        let tell =
            now >= quiet && self.quiet.compare_exchange(quiet, now.saturating_add(EVERY), Relaxed, Relaxed).is_ok();
        if tell {
            self.open.store(true, Relaxed);
        }
        tell
    }

    /// Whether to tell that it is over: only who heard of the beginning wants to hear of the end.
    pub(super) fn good(&self) -> bool {
        self.open.swap(false, Relaxed)
    }

    /// Counts something bad; the answer is how many there were since the last answer, if it is time to tell.
    pub(super) fn sum(&self, now: u64) -> Option<u64> {
        let untold = self.untold.fetch_add(1, Relaxed).saturating_add(1);
        self.bad(now).then(|| {
            self.untold.fetch_sub(untold, Relaxed);
            untold
        })
    }
}
