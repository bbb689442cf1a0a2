//! How many attempts may follow first ones: a share of the requests, so that failures do not multiply what is asked of
//! providers that fail.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

/// Further attempts that may be made at once, whatever was asked before.
const AT_ONCE: u64 = 10;
/// An attempt, in the hundredths that are counted.
const ATTEMPT: u64 = 100;
/// The most that is kept.
const FULL: u64 = AT_ONCE * ATTEMPT;
/// One attempt a second comes back by itself, so that rare requests can be tried again too.
const MILLIS_FOR_ONE: u64 = 1_000;

/// What is left for further attempts. All workers share it: one word, no lock.
#[derive(Debug)]
pub struct RetryBudget {
    born: Instant,
    /// What each request adds, in hundredths of an attempt.
    share: u64,
    /// What is left in the low 16 bits; in the others when time last added to it, in milliseconds.
    word: AtomicU64,
}

impl RetryBudget {
    /// A full budget to which each request adds `percent` hundredths of an attempt.
    #[must_use]
    pub fn new(percent: u32) -> Self {
        Self { born: Instant::now(), share: u64::from(percent), word: AtomicU64::new(pack(FULL, 0)) }
    }

    /// A request has come. While nothing fails this reads and does not write.
    pub fn deposit(&self) {
        let word = self.word.load(Relaxed);
        if left(word) < FULL && self.share > 0 {
            let _ = self.word.fetch_update(Relaxed, Relaxed, |word| {
                Some(pack(left(word).saturating_add(self.share).min(FULL), added(word)))
            });
        }
    }

    /// Takes one attempt out of it; false if there is none.
    pub fn withdraw(&self) -> bool {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        let taken = self.word.fetch_update(Relaxed, Relaxed, |word| {
            let by_time = now.saturating_sub(added(word)).saturating_mul(ATTEMPT) / MILLIS_FOR_ONE;
            let left = left(word).saturating_add(by_time).min(FULL).checked_sub(ATTEMPT)?;
            Some(pack(left, now))
        });
        taken.is_ok()
    }
}

fn pack(left: u64, added: u64) -> u64 {
    debug_assert!(left <= FULL, "no more is kept than that");
    added << 16 | left.min(0xffff)
}

fn left(word: u64) -> u64 {
    word & 0xffff
}

fn added(word: u64) -> u64 {
    word >> 16
}

#[cfg(test)]
mod tests;
