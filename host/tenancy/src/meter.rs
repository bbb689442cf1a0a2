//! Rate and concurrency of one tenant or one key.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::Denied;
use crate::rate::{Pace, Rate};

/// What has been spent: it outlives every configuration that limits it, which is how counters survive a reload. A line
/// of its own in the cache: worker threads write to it on every request.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Spent {
    /// [`Pace`]'s number. It measures a *share of the minute*, so it keeps its meaning when the limit changes: who had
    /// spent all of the old limit starts with nothing of the new one and earns it at the new pace.
    arrival: AtomicU64,
    /// Requests in flight, counted even without a limit: a limit that arrives later must see them.
    seats: AtomicU32,
}

impl Spent {
    /// Frees one seat. Only whoever took one may call this, once: [`Meter::take`]'s caller.
    pub(crate) fn leave(&self) {
        let _before = self.seats.fetch_update(Relaxed, Relaxed, |taken| taken.checked_sub(1));
    }
}

/// Which limit was in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    Rate { limit: u32, retry_after: Duration },
    Seats { limit: u32 },
}

impl Over {
    pub(crate) fn denied(self, scope: &'static str) -> Denied {
        match self {
            Self::Rate { limit, retry_after } => Denied::RateLimited { scope, limit, retry_after },
            Self::Seats { limit } => Denied::TooManyConcurrent { scope, limit },
        }
    }
}

/// The limits of one configuration over what has been spent.
#[derive(Debug)]
pub(crate) struct Meter {
    spent: Arc<Spent>,
    pace: Option<Pace>,
    seats: Option<u32>,
}

impl Meter {
    pub(crate) fn new(per_minute: Option<u32>, seats: Option<u32>, previous: Option<&Self>) -> Self {
        Self {
            spent: previous.map_or_else(Arc::default, |meter| Arc::clone(&meter.spent)),
            pace: per_minute.map(Pace::per_minute),
            seats,
        }
    }

    /// Takes a seat and one request of the rate, or neither. The seat first: it can be given back exactly.
    pub(crate) fn take(&self, now: u64) -> Result<Option<Rate>, Over> {
        let limit = self.seats.unwrap_or(u32::MAX);
        self.spent
            .seats
            .fetch_update(Relaxed, Relaxed, |taken| (taken < limit).then_some(taken.saturating_add(1)))
            .map_err(|_taken| Over::Seats { limit })?;
        let Some(pace) = &self.pace else { return Ok(None) };
        pace.take(&self.spent.arrival, now).map(Some).map_err(|retry_after| {
            self.spent.leave();
            Over::Rate { limit: pace.limit(), retry_after }
        })
    }

    /// Undoes a [`Meter::take`] whose request did not go on.
    pub(crate) fn give_back(&self) {
        if let Some(pace) = &self.pace {
            pace.give_back(&self.spent.arrival);
        }
        self.spent.leave();
    }

    pub(crate) fn spent(&self) -> &Arc<Spent> {
        &self.spent
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.spent.seats.load(Relaxed)
    }
}
