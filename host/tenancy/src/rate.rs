//! A rate limit as one atomic number: the generic cell rate algorithm (GCRA, ITU-T I.371 annex A).
//!
//! The number is the *theoretical arrival time*: the moment, in nanoseconds after a fixed base, at which everything
//! spent so far has been earned back. A request costs `minute / limit`; it is admitted if that puts the number no more
//! than a whole minute's allowance ahead of now. So an idle caller may spend its whole minute at once, and then gets
//! one request per `minute / limit`. Times never run backwards here: an older `now` only sees less room.
//!
//! A single compare-and-swap decides, so two threads can never both take the last request. `Relaxed` is enough: the
//! number guards no other memory.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const MINUTE: u64 = 60_000_000_000;

/// What is left of a rate limit right after a request was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The limit, in requests per minute.
    pub limit: u32,
    /// How many more requests would be admitted at this moment.
    pub remaining: u32,
    /// After this long, with no further request, the whole limit is available again. At most about a minute.
    pub reset: Duration,
}

impl Rate {
    /// The one that will refuse first: fewer requests left, or as many but a longer wait.
    pub(crate) fn tighter(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) if (b.remaining, a.reset) < (a.remaining, b.reset) => Some(b),
            (Some(a), _) => Some(a),
            (None, b) => b,
        }
    }
}

/// A limit of requests per minute, worked out. The number it is applied to is kept elsewhere, and outlives it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    limit: u32,
    /// Nanoseconds that one request costs, rounded up: never more than the limit.
    cost: u64,
    /// How far ahead of now the number may get: the cost of a whole minute's requests.
    window: u64,
}

impl Pace {
    pub(crate) fn per_minute(limit: u32) -> Self {
        let cost = MINUTE.div_ceil(u64::from(limit.max(1)));
        Self { limit, cost, window: cost * u64::from(limit) }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Spends one request at `now`, or says how long to wait for one.
    pub(crate) fn take(&self, arrival: &AtomicU64, now: u64) -> Result<Rate, Duration> {
        let spend = |spent: u64| {
            let next = spent.max(now).saturating_add(self.cost);
            (next - now <= self.window).then_some(next)
        };
        match arrival.fetch_update(Relaxed, Relaxed, spend) {
            Ok(before) => Ok(self.after(before.max(now).saturating_add(self.cost) - now)),
            Err(spent) => {
                let ahead = (spent.max(now) - now).saturating_add(self.cost);
                Err(Duration::from_nanos(ahead - self.window))
            }
        }
    }

    /// Undoes one [`Pace::take`], at once: what was spent a moment ago is not yet earned back. Should this thread
    /// have been held up for longer than one request costs, a single request too many is given back, never too few.
    pub(crate) fn give_back(&self, arrival: &AtomicU64) {
        let _before = arrival.fetch_update(Relaxed, Relaxed, |spent| Some(spent.saturating_sub(self.cost)));
    }

    fn after(&self, ahead: u64) -> Rate {
        let remaining = self.window.saturating_sub(ahead) / self.cost;
        Rate {
            limit: self.limit,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset: Duration::from_nanos(ahead),
        }
    }
}
