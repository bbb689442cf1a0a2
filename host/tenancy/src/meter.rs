//! Rate and concurrency of one tenant or one key.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::Denied;
use crate::rate::{Gcra, OverRate, Rate, RateUsage};

/// What has been spent: it outlives every configuration that limits it, which is how counters survive a reload. A line
/// of its own in the cache: worker threads write to it on every request.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct LimitUsage {
    /// Requests of the rate, as an amount: what was spent stays spent when the limit changes, and a higher one leaves the
    /// difference.
    rate: RateUsage,
    /// Requests in flight, counted even without a limit: a limit that arrives later must see them.
    seats: AtomicU32,
}

impl LimitUsage {
    /// Frees one seat. Only whoever took one may call this, once: [`LimitMeter::take`]'s caller.
    pub(crate) fn leave(&self) {
        let before = self.seats.fetch_update(Relaxed, Relaxed, |taken| taken.checked_sub(1));
        debug_assert!(before.is_ok(), "a seat is freed that nobody took");
    }
}

/// Which limit was in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    Rate { limit: u32, late: OverRate },
    Seats { limit: u32 },
}

impl Over {
    pub(crate) fn denied(self, scope: &'static str) -> Denied {
        match self {
            Self::Rate { limit, late: OverRate { retry_after, reset } } => {
                Denied::RateLimited { scope, limit, retry_after, reset }
            }
            Self::Seats { limit } => Denied::TooManyConcurrent { scope, limit },
        }
    }
}

/// The limits of one configuration over what has been spent.
#[derive(Debug)]
pub(crate) struct LimitMeter {
    spent: Arc<LimitUsage>,
    pace: Option<Gcra>,
    seats: Option<u32>,
}

impl LimitMeter {
    pub(crate) fn new(per_minute: Option<u32>, seats: Option<u32>, previous: Option<&Self>) -> Self {
        let spent: Arc<LimitUsage> = previous.map_or_else(Arc::default, |meter| Arc::clone(&meter.spent));
        let pace = per_minute.map(|limit| spent.rate.pace(limit, previous.and_then(|meter| meter.pace.as_ref())));
        Self { spent, pace, seats }
    }

    /// Takes a seat and one request of the rate, or neither. The seat first: it can be given back exactly.
    pub(crate) fn take(&self, now: u64) -> Result<Option<Rate>, Over> {
        let limit = self.seats.unwrap_or(u32::MAX);
        self.spent
            .seats
            .fetch_update(Relaxed, Relaxed, |taken| (taken < limit).then_some(taken.saturating_add(1)))
            .map_err(|_taken| Over::Seats { limit })?;
        let Some(pace) = &self.pace else { return Ok(None) };
        pace.take(&self.spent.rate, now).map(Some).map_err(|late| {
            self.spent.leave();
            Over::Rate { limit: pace.limit(), late }
        })
    }

    /// Undoes a [`LimitMeter::take`] whose request did not go on.
    pub(crate) fn give_back(&self) {
        if let Some(pace) = &self.pace {
            pace.give_back(&self.spent.rate);
        }
        self.spent.leave();
    }

    pub(crate) fn spent(&self) -> &Arc<LimitUsage> {
        &self.spent
    }

    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> u32 {
        self.spent.seats.load(Relaxed)
    }
}
