//! What one version of a plugin has done while it is compared with another.

use crate::error::Fault;
use crate::hook::HookKind;
use crate::meter::histogram::{Histogram, HistogramSnapshot};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Counts of one version, for each hook apart: calls of one hook say nothing about another, and a stream has hundreds of
/// them. Nothing is counted unless somebody compares.
#[derive(Debug, Default)]
pub(crate) struct VersionTally {
    on: AtomicBool,
    /// Made by the first call of a hook that is counted, for most versions see no trial.
    hooks: [OnceLock<Box<HookTally>>; HookKind::ALL.len()],
    streams: AtomicU64,
    quarantines: AtomicU64,
    /// It has shown that it will not do: no further request is to see it.
    condemned: AtomicBool,
}

#[derive(Debug, Default)]
struct HookTally {
    /// CPU time of each call that the plugin answered, a refusal or not.
    times: Histogram,
    refused: AtomicU64,
    faults: [AtomicU64; Fault::REASONS.len()],
}

/// How a call ended, as far as it is one that the plugin answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// It did not: it faulted, which is counted as a fault, or its client left, which says nothing.
    Unanswered,
    /// With whatever lets the request go on.
    Answered,
    /// With a refusal.
    Refused,
}

/// What was counted up to a moment, or between two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    pub(crate) hooks: [OfHook; HookKind::ALL.len()],
    pub(crate) streams: u64,
    pub(crate) quarantines: u64,
}

/// The same of one hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OfHook {
    pub(crate) times: HistogramSnapshot,
    pub(crate) refused: u64,
    pub(crate) faults: [u64; Fault::REASONS.len()],
}

impl VersionTally {
    /// Begins to count, or goes on.
    pub(crate) fn begin(&self) {
        self.on.store(true, Ordering::Relaxed);
    }

    /// Stops.
    pub(crate) fn end(&self) {
        self.on.store(false, Ordering::Relaxed);
    }

    fn of(&self, hook: HookKind) -> Option<&HookTally> {
        if !self.on.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.hooks.get(hook as usize)?.get_or_init(Box::default))
    }

    /// A call ended.
    pub(crate) fn call(&self, hook: HookKind, cpu: Duration, ended: CallOutcome) {
        if ended == CallOutcome::Unanswered {
            return;
        }
        let Some(of) = self.of(hook) else { return };
        of.times.add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX));
        if ended == CallOutcome::Refused {
            of.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A call did not end with the plugin's answer, for whatever reason: that it was not even made is one.
    pub(crate) fn fault(&self, hook: HookKind, fault: &Fault) {
        if let Some(count) = self.of(hook).and_then(|of| of.faults.get(fault.index())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The first call of a stream was answered.
    pub(crate) fn stream(&self) {
        if self.on.load(Ordering::Relaxed) {
            self.streams.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// It went into quarantine for a tenant.
    pub(crate) fn quarantine(&self) {
        if self.on.load(Ordering::Relaxed) {
            self.quarantines.fetch_add(1, Ordering::Relaxed);
            self.condemned.store(true, Ordering::Relaxed);
        }
    }

    /// Whether no further request is to see it, should it be on trial.
    pub(crate) fn is_condemned(&self) -> bool {
        self.condemned.load(Ordering::Relaxed)
    }

    pub(crate) fn counted(&self) -> Counted {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let of = |of: &HookTally| OfHook {
            times: of.times.times(),
            refused: load(&of.refused),
            faults: std::array::from_fn(|n| of.faults.get(n).map(load).unwrap_or_default()),
        };
        let hook = |n: usize| self.hooks.get(n).and_then(OnceLock::get).map(|kept| of(kept)).unwrap_or_default();
        Counted { hooks: std::array::from_fn(hook), streams: load(&self.streams), quarantines: load(&self.quarantines) }
    }
}

impl OfHook {
    /// Calls that the plugin answered.
    pub(crate) fn answered(&self) -> u64 {
        self.times.len()
    }

    /// Calls that it did not answer.
    pub(crate) fn faulted(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// The share of all calls that it did not answer.
    pub(crate) fn fault_rate(&self) -> f64 {
        self.faulted() as f64 / (self.answered() + self.faulted()).max(1) as f64
    }

    /// The share of answered calls that it refused.
    pub(crate) fn refusal_rate(&self) -> f64 {
        self.refused as f64 / self.answered().max(1) as f64
    }

    /// CPU time in microseconds that half of the answered calls do not exceed, accurate to a sixteenth; none before the
    /// first.
    ///
    /// Not the mean: time in which the system ran something else counts as the call's, and a few calls that it hit would
    /// make all of them look costly.
    pub(crate) fn cpu_p50_us(&self) -> Option<f64> {
        Some(self.times.median_ns()? as f64 / 1e3)
    }

    fn since(self, earlier: &Self) -> Self {
        let less = |n: usize| {
            let at = |faults: &[u64]| faults.get(n).copied().unwrap_or_default();
            at(&self.faults).saturating_sub(at(&earlier.faults))
        };
        let faults = std::array::from_fn(less);
        Self { times: self.times.since(&earlier.times), refused: self.refused.saturating_sub(earlier.refused), faults }
    }
}

impl Counted {
    /// Requests that it has answered at one of its hooks, at the least: the most calls that any hook has answered, where
    /// a stream counts once.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let streams = |hook: HookKind, of: &OfHook| if hook == HookKind::Event { self.streams } else { of.answered() };
        self.each().map(|(hook, of)| streams(hook, of)).max().unwrap_or_default()
    }

    /// Calls of hooks that it has answered, refusals included.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.hooks.iter().map(OfHook::answered).sum()
    }

    /// Those of them that it refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.hooks.iter().map(|of| of.refused).sum()
    }

    /// Calls that did not end with its answer, for whatever reason.
    #[must_use]
    pub fn faulted(&self) -> u64 {
        self.hooks.iter().map(OfHook::faulted).sum()
    }

    /// The same by reason, in the order of [`Fault::REASONS`].
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let of = |n: usize| self.hooks.iter().filter_map(move |of| of.faults.get(n)).sum();
        Fault::REASONS.iter().enumerate().map(move |(n, reason)| (*reason, of(n)))
    }

    /// How often it went into quarantine, for any tenant.
    #[must_use]
    pub fn quarantines(&self) -> u64 {
        self.quarantines
    }

    /// By hook, the calls that it answered and the CPU time in microseconds that half of them do not exceed; only of those
    /// hooks that were called.
    pub fn cpu_p50_us(&self) -> impl Iterator<Item = (HookKind, f64)> + '_ {
        self.each().filter_map(|(hook, of)| Some((hook, of.cpu_p50_us()?)))
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (HookKind, &OfHook)> {
        HookKind::ALL.into_iter().zip(&self.hooks)
    }

    /// What was counted since an earlier moment.
    #[must_use]
    pub(crate) fn since(self, earlier: &Self) -> Self {
        let mut hooks = self.hooks.into_iter().zip(&earlier.hooks).map(|(of, earlier)| of.since(earlier));
        Self {
            hooks: std::array::from_fn(|_| hooks.next().unwrap_or_default()),
            streams: self.streams.saturating_sub(earlier.streams),
            quarantines: self.quarantines.saturating_sub(earlier.quarantines),
        }
    }
}
