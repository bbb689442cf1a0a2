//! A breaker that all workers share: one word, no lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::state::{BreakerState, HealthStanding, Pass, Phase, Rules};

/// Nothing is ordered by the word but the word itself, so that relaxed operations will do.
#[derive(Debug, Default)]
pub(super) struct Breaker(AtomicU64);

/// A state before and after.
pub(super) type Transition = (BreakerState, BreakerState);

impl Breaker {
    pub(super) fn state(&self) -> BreakerState {
        BreakerState::unpack(self.0.load(Relaxed))
    }

    /// Whether to ask. `now` is looked at only where something is wrong.
    pub(super) fn standing(&self, now: impl FnOnce() -> u64) -> HealthStanding {
        let state = self.state();
        if state.phase == Phase::Closed { HealthStanding::Ready } else { state.standing(now()) }
    }

    /// A pass, unless it is put aside, and what that changed. There is one probe at a time, over all workers.
    pub(super) fn enter(&self, now: impl FnOnce() -> u64) -> Option<(Pass, Transition)> {
        let mut word = self.0.load(Relaxed);
        let state = BreakerState::unpack(word);
        // The common case costs one load and no clock.
        if state.phase == Phase::Closed {
            return Some((state.insist(), (state, state)));
        }
        let now = now();
        loop {
            let before = BreakerState::unpack(word);
            let (after, pass) = before.enter(now)?;
            match self.0.compare_exchange_weak(word, after.pack(), Relaxed, Relaxed) {
                Ok(_) => return Some((pass, (before, after))),
                Err(changed) => word = changed,
            }
        }
    }

    pub(super) fn insist(&self) -> Pass {
        self.state().insist()
    }

    pub(super) fn pile_up(&self, now: u64) -> Transition {
        self.change(|state| state.pile_up(now))
    }

    pub(super) fn sign_of_life(&self) -> Transition {
        self.change(BreakerState::sign_of_life)
    }

    pub(super) fn relaying(&self, pass: Pass, now: u64, rules: Rules) -> Transition {
        self.change(|state| state.relaying(pass, now, rules))
    }

    pub(super) fn served(&self, pass: Pass) -> Transition {
        self.change(|state| state.served(pass))
    }

    pub(super) fn failed(&self, pass: Pass, now: u64, rules: Rules) -> Transition {
        self.change(|state| state.failed(pass, now, rules))
    }

    pub(super) fn limited(&self, pass: Pass, until: u64) -> Transition {
        self.change(|state| state.limited(pass, until))
    }

    pub(super) fn given_back(&self, pass: Pass) -> Transition {
        self.change(|state| state.given_back(pass))
    }

    /// Applies a change. What stays as it is is not written, so that the line stays shared between cores.
    fn change(&self, next: impl Fn(BreakerState) -> BreakerState) -> Transition {
        let mut word = self.0.load(Relaxed);
        loop {
            let before = BreakerState::unpack(word);
            let after = next(before);
            if after == before {
                return (before, after);
            }
            match self.0.compare_exchange_weak(word, after.pack(), Relaxed, Relaxed) {
                Ok(_) => return (before, after),
                Err(changed) => word = changed,
            }
        }
    }
}
