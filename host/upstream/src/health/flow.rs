//! Requests that pile up without an answer: how many were sent since the last head came, for how long they have been
//! waiting, and how long heads usually take.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// The slowest head of this and of the window before is what is usual, in milliseconds.
const WINDOW: u64 = 60_000;
/// So many times as long as the slowest head of late must requests have waited.
const TIMES: u64 = 2;
/// No request has begun the pile yet.
const NEVER: u64 = u64::MAX;

/// One epoch lasts from one head to the next: a request that was sent before the last head, and is still waiting, is
/// slow and no sign that nothing comes any more.
#[derive(Debug)]
#[repr(align(128))] // every request writes it, and its neighbours are only read
pub(super) struct Flow {
    /// The epoch in the high half; how many requests were sent in it and wait in the low one.
    waiting: AtomicU64,
    /// When as many waited as make a pile.
    piled: AtomicU64,
    /// The slowest head of the last window in the high half, of this one in the low; zero for none.
    slowest: AtomicU64,
    /// When this window ends.
    turn: AtomicU64,
}

/// How many requests make a pile, and for how long each must wait at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pile {
    /// None, if this is zero.
    pub(super) requests: u32,
    /// Milliseconds.
    pub(super) least: u64,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            waiting: AtomicU64::new(0),
            piled: AtomicU64::new(NEVER),
            slowest: AtomicU64::new(0),
            turn: AtomicU64::new(0),
        }
    }
}

impl Flow {
    /// A request is on its way; the answer is the epoch that it belongs to.
    pub(super) fn sent(&self, pile: Pile, now: u64) -> u32 {
        let before = self.waiting.fetch_add(1, AcqRel);
        if low(before).wrapping_add(1) == pile.requests {
            self.piled.store(now, Relaxed);
        }
        high(before)
    }

    /// A request waits no longer, though no head came: its client has left, or it never went out.
    pub(super) fn left(&self, epoch: u32) {
        let _ = self.waiting.fetch_update(AcqRel, Acquire, |waiting| {
            (high(waiting) == epoch && low(waiting) > 0).then(|| waiting.wrapping_sub(1))
        });
    }

    /// A head came after `took`.
    pub(super) fn answered(&self, took: u64, now: u64) {
        if self.piled.load(Relaxed) != NEVER {
            self.piled.store(NEVER, Relaxed);
        }
        let waiting = self.waiting.load(Relaxed);
        if low(waiting) > 0 {
            // What is sent just now may be counted for the old epoch: one request less in the pile.
            self.waiting.store(u64::from(high(waiting).wrapping_add(1)) << 32, Release);
        }
        let took = u32::try_from(took).unwrap_or(u32::MAX).max(1);
        let slowest = self.slowest.load(Relaxed);
        if now >= self.turn.load(Relaxed) {
            self.turn.store(now.saturating_add(WINDOW), Relaxed);
            self.slowest.store(u64::from(low(slowest)) << 32 | u64::from(took), Relaxed);
        } else if took > low(slowest) {
            self.slowest.store((slowest >> 32) << 32 | u64::from(took), Relaxed);
        }
    }

    /// Whether requests are piling up: the last so many that were sent have each waited far longer than is usual.
    /// Without a head yet nothing is usual. `now` is looked at only where there are enough of them.
    pub(super) fn is_piled(&self, pile: Pile, now: impl FnOnce() -> u64) -> bool {
        if pile.requests == 0 || low(self.waiting.load(Acquire)) < pile.requests {
            return false;
        }
        let piled = self.piled.load(Relaxed);
        let slowest = self.slowest.load(Relaxed);
        let usual = u64::from(high(slowest).max(low(slowest)));
        if piled == NEVER || usual == 0 {
            return false;
        }
        now().saturating_sub(piled) > usual.saturating_mul(TIMES).max(pile.least)
    }

    /// Whether anybody has ever asked.
    pub(super) fn is_used(&self) -> bool {
        self.waiting.load(Relaxed) != 0
    }
}

fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

fn low(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests;
