//! A rate limit as one atomic number: the generic cell rate algorithm (GCRA, ITU-T I.371 annex A).
//!
//! The number is the *theoretical arrival time*: the moment, in nanoseconds after a fixed base, at which everything
//! spent so far has been earned back. A request costs `minute / limit`; it is admitted if that puts the number no more
//! than a whole minute's allowance ahead of now. So an idle caller may spend its whole minute at once, and then gets
//! one request per `minute / limit`. Times never run backwards here: an older `now` only sees less room.
//!
//! How far the number is ahead of now is an amount of requests only for who knows the limit that it was reckoned by. So
//! the number says so itself, in its lowest bits, and whoever has another limit converts it in the same step in which it
//! spends: what was spent stays the same amount of requests, whichever limit comes. Of a lower limit no more than all
//! can be spent, so that no debt outlasts a minute.
//!
//! A single compare-and-swap decides, so two threads can never both take the last request. `Relaxed` is enough: the
//! number guards no other memory.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const MINUTE: u64 = 60_000_000_000;

/// Low bits of the number that say by which of an account's limits it is reckoned. The rest are good for 73 years.
const TAG_BITS: u32 = 3;
const LIMITS: usize = 1 << TAG_BITS;
const TAG: u64 = (1 << TAG_BITS) - 1;

/// What has been spent, whatever the limit: the number, and the limits that it may be reckoned by.
#[derive(Debug, Default)]
pub(crate) struct RateUsage {
    number: AtomicU64,
    limits: [AtomicU32; LIMITS],
}

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

/// Why a request does not fit into a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverRate {
    /// After this long one request fits, if no other takes it first.
    pub(crate) retry_after: Duration,
    /// After this long, with no further request, the whole limit is available again: [`Rate::reset`] of who was refused.
    pub(crate) reset: Duration,
}

/// A limit of requests per minute, worked out. What it is applied to is kept in an [`RateUsage`], and outlives it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gcra {
    limit: u32,
    /// Nanoseconds that one request costs, rounded up: never more than the limit.
    cost: u64,
    /// How far ahead of now the number may get: the cost of a whole minute's requests.
    window: u64,
    /// Which of the account's limits it is.
    tag: u64,
}

/// Nanoseconds that one request costs, rounded up.
fn cost(limit: u32) -> u64 {
    MINUTE.div_ceil(u64::from(limit.max(1)))
}

impl RateUsage {
    /// A limit for this account, beside the one that holds until now. Limits are set by one thread.
    pub(crate) fn pace(&self, limit: u32, previous: Option<&Gcra>) -> Gcra {
        let in_use = |place: usize| {
            let tag = place as u64;
            tag == self.number.load(Relaxed) & TAG || previous.is_some_and(|previous| previous.tag == tag)
        };
        let known = self.limits.iter().position(|known| known.load(Relaxed) == limit);
        let place = known.or_else(|| (0..LIMITS).find(|place| !in_use(*place))).unwrap_or(0);
        if let Some(at) = self.limits.get(place) {
            at.store(limit, Relaxed);
        }
        let cost = cost(limit);
        debug_assert!(limit == 0 || cost * u64::from(limit) >= MINUTE, "never more than the limit");
        Gcra { limit, cost, window: cost * u64::from(limit), tag: place as u64 }
    }

    /// What one request costs where the number is reckoned by this limit.
    fn cost_by(&self, tag: u64) -> u64 {
        let limit = usize::try_from(tag).ok().and_then(|tag| self.limits.get(tag));
        cost(limit.map_or(1, |limit| limit.load(Relaxed)))
    }
}

impl Gcra {
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Spends one request at `now`, or says how long to wait for one.
    pub(crate) fn take(&self, account: &RateUsage, now: u64) -> Result<Rate, OverRate> {
        let mut said = Err(OverRate { retry_after: Duration::ZERO, reset: Duration::ZERO });
        let spend = |number: u64| {
            let ahead = self.ahead(account, number, now);
            let next = ahead.saturating_add(self.cost);
            if next <= self.window {
                said = Ok(self.after(next));
                return Some(self.number(now, next));
            }
            let (retry_after, reset) = (Duration::from_nanos(next - self.window), Duration::from_nanos(ahead));
            said = Err(OverRate { retry_after, reset });
            // What was converted is kept: from now on it is earned back at this pace.
            (number & TAG != self.tag).then(|| self.number(now, ahead))
        };
        // Whether anything was stored is of no interest: `said` is about the last try.
        let _stored = account.number.fetch_update(Relaxed, Relaxed, spend);
        said
    }

    /// Undoes one [`Gcra::take`], at once: what was spent a moment ago is not yet earned back. Should this thread
    /// have been held up for longer than one request costs, a single request too many is given back, never too few.
    pub(crate) fn give_back(&self, account: &RateUsage) {
        let _before = account.number.fetch_update(Relaxed, Relaxed, |number| {
            let cost = if number & TAG == self.tag { self.cost } else { account.cost_by(number & TAG) };
            Some(((number >> TAG_BITS).saturating_sub(cost)) << TAG_BITS | number & TAG)
        });
    }

    /// How far the number is ahead of now, reckoned by this limit.
    fn ahead(&self, account: &RateUsage, number: u64, now: u64) -> u64 {
        let ahead = (number >> TAG_BITS).saturating_sub(now);
        let tag = number & TAG;
        if tag == self.tag || ahead == 0 {
            return ahead;
        }
        let converted = (u128::from(ahead) * u128::from(self.cost)).div_ceil(u128::from(account.cost_by(tag)));
        u64::try_from(converted).unwrap_or(u64::MAX).min(self.window)
    }

    fn number(&self, now: u64, ahead: u64) -> u64 {
        now.saturating_add(ahead).min(u64::MAX >> TAG_BITS) << TAG_BITS | self.tag
    }

    fn after(&self, ahead: u64) -> Rate {
        debug_assert!(ahead <= self.window, "no more is spent than a minute's allowance");
        let remaining = self.window.saturating_sub(ahead) / self.cost;
        Rate {
            limit: self.limit,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset: Duration::from_nanos(ahead),
        }
    }
}
