//! So much of something each second: counted in nanoseconds from when the process began, without a lock.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use weir_series::RareLine;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Times are kept as nanoseconds since this moment.
pub(crate) static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A moment as such a number.
pub(crate) fn at(now: Instant) -> u64 {
    nanos(now.saturating_duration_since(*BEGINNING))
}

/// A time as such a number.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// For so long a rate may be used at once, after a rest.
const BURST: Duration = Duration::from_secs(4);
/// How often the log says that lines are dropped.
const SAID: Duration = Duration::from_secs(60);

/// A rate of bytes, whatever its height.
#[derive(Debug, Default)]
pub(crate) struct ByteRate {
    /// When everything that was taken is paid for.
    paid: AtomicU64,
    /// When it may be said again that it was not enough.
    said: AtomicU64,
    /// The same of what is none of the plugin's doing, by its kind.
    rare: [RareLine; KINDS],
}

/// Kinds of lines that come rarely.
pub(crate) const KINDS: usize = 4;
impl ByteRate {
    /// Takes so many bytes of `each_second`; false if there are not enough left now.
    pub(crate) fn take(&self, now: Instant, bytes: usize, each_second: usize) -> bool {
        let cost = bytes as f64 / each_second.max(1) as f64 * 1e9;
        let (now, cost, burst) = (at(now), cost as u64, nanos(BURST));
        // What is longer than all that there can be goes when there is all of it.
        let latest = now.saturating_add(burst.saturating_sub(cost.min(burst)));
        let take = |paid: u64| (paid.max(now) <= latest).then(|| paid.max(now).saturating_add(cost));
        self.paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// How many lines of a kind one stands for that is to be written now, itself included; none if it is not to be.
    pub(crate) fn rarely(&self, now: Instant, kind: usize) -> Option<u64> {
        self.rare.get(kind).and_then(|line| line.now(now))
    }

    /// Whether it is to be said now that it was not enough: every minute at most.
    pub(crate) fn is_news(&self, now: Instant) -> bool {
        let (now, again) = (at(now), nanos(SAID));
        let say = |said: u64| (said <= now).then(|| now.saturating_add(again));
        self.said.fetch_update(Ordering::Relaxed, Ordering::Relaxed, say).is_ok()
    }
}
