//! Answers that are read to their end although their clients have left: how many there are, and what became of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use weir_net::{ConcurrencyLimit, InFlight};

/// The answers that nobody hears, of all workers.
#[derive(Debug, Default)]
pub(crate) struct UnheardAnswers {
    /// Those that are read now.
    pub(crate) reading: Arc<ConcurrencyLimit>,
    /// By what became of them, in the order of [`UnheardEnd`].
    ended: [AtomicU64; UnheardEnd::NAMES.len()],
}

/// What became of an answer whose client had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnheardEnd {
    /// It came to its end, or the provider had something against the request.
    Whole,
    /// It did not: the provider failed or was too slow, or the gateway's own end came first.
    Cut,
    /// It was cancelled, for there were as many as there may be.
    Full,
}

impl UnheardEnd {
    /// The words for them.
    pub(crate) const NAMES: [&str; 3] = ["whole", "cut", "full"];
}

impl UnheardAnswers {
    /// A place for one more, if there are fewer than so many; else it is counted as cancelled.
    pub(crate) fn enter(&self, limit: usize) -> Option<InFlight> {
        let place = self.reading.enter(limit);
        if place.is_none() {
            self.count(UnheardEnd::Full);
        }
        place
    }

    /// Counts one that is over.
    pub(crate) fn count(&self, end: UnheardEnd) {
        if let Some(count) = self.ended.get(end as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those that are over, with the words for how.
    pub(crate) fn ended(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        UnheardEnd::NAMES.into_iter().zip(&self.ended).map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}
