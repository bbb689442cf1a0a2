//! What is put aside, and how often.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::breaker::{Breaker, Transition};
use super::state::{AsideReason, BreakerState, HealthStanding, Phase};

/// How an answer comes. What is usual for the one is not for the other: a whole answer's head comes when all of it is
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In one piece.
    Whole,
    /// As events.
    Stream,
}

impl Mode {
    /// As logs and `/readyz?verbose` call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Stream => "stream",
        }
    }
}

/// What is put aside now, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The model; none for the provider as a whole.
    pub model: Option<Box<str>>,
    /// Whose answers; none for both kinds.
    pub mode: Option<Mode>,
    /// Why.
    pub reason: AsideReason,
    /// Whether a request is out to see whether it is well again.
    pub probing: bool,
    /// When such a request may go out; zero if one may, or is.
    pub due_in: Duration,
}

/// How often something was put aside, by reason.
#[derive(Debug, Default)]
pub(crate) struct Asides([AtomicU64; AsideReason::ALL.len()]);

impl Asides {
    /// Counts a change that opened a breaker; the answer is its state.
    pub(super) fn note(&self, (before, after): Transition) -> Option<BreakerState> {
        let opens = after.phase == Phase::Open && after.until != 0;
        let anew = before.phase != Phase::Open && opens;
        if anew && let Some(count) = self.0.get(after.reason as usize) {
            count.fetch_add(1, Relaxed);
        }
        anew.then_some(after)
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (AsideReason, u64)> + '_ {
        AsideReason::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

/// Whether a change lets everything through again.
pub(super) fn is_back((before, after): Transition) -> bool {
    before.phase != Phase::Closed && after.phase == Phase::Closed
}

/// What is to be told of a breaker at a time; nothing, if it lets everything through.
pub(super) fn aside(breaker: &Breaker, now: u64, model: Option<&str>, mode: Option<Mode>) -> Option<Aside> {
    let state = breaker.state();
    let probing = matches!(state.phase, Phase::Probing | Phase::Answered);
    let due_in = if state.phase == Phase::Open { state.until.saturating_sub(now) } else { 0 };
    (state.standing(now) != HealthStanding::Ready).then(|| Aside {
        model: model.map(Into::into),
        mode,
        reason: state.reason,
        probing,
        due_in: Duration::from_millis(due_in),
    })
}
