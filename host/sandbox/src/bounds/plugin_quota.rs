//! Whether a plugin may run for a tenant now: its budget of CPU time, and the quarantine after repeated faults.
//!
//! Kept for each plugin with its settings and each tenant, so that neither what one tenant sends nor what its plugins use
//! is held against another; and gone with the version of the plugin, so that a new one begins with a clean slate.

use crate::bounds::byte_rate::{BEGINNING, ByteRate, at, nanos};
use crate::error::Fault;
use crate::meter::PluginCounters;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use weir_config::PluginLimits;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What a plugin with its settings has used and done for one tenant. Shared by all workers.
#[derive(Debug)]
pub(crate) struct PluginQuota {
    plugin: Arc<str>,
    tenant: Arc<str>,
    /// Nanoseconds of waiting that a nanosecond of CPU time costs: a second over the budget of a second.
    price: f64,
    /// How far ahead of the clock the account may be: the burst, at that price.
    ahead: u64,
    /// When everything that was used is paid for; in the past if nothing is owed.
    paid: AtomicU64,
    /// When the quarantine ends; 0 if there is none.
    until: AtomicU64,
    /// One call is trying whether the plugin is well again.
    trial: AtomicBool,
    /// Faults within the window, and its beginning: milliseconds since [`BEGINNING`], and in the low bits their number.
    faults: AtomicU64,
    /// Quarantines in a row, and ever.
    level: AtomicU32,
    total: AtomicU64,
    counters: Arc<PluginCounters>,
    /// What the last fault was. Written by faults alone.
    last_fault: Mutex<Option<String>>,
    /// How often the log says how it stands: its quarantines may be as short as its operator likes.
    said: ByteRate,
    rules: Rules,
}

/// What the operator set.
#[derive(Debug, Clone, Copy)]
struct Rules {
    faults: u32,
    window: Duration,
    first: Duration,
    longest: Duration,
}

/// Low bits of [`PluginQuota::faults`] that count them.
const COUNT_BITS: u32 = 24;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// A call that may go on; whether it is the one that tries the plugin after a quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) trial: bool,
}

/// How a plugin stands with a tenant, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaState {
    /// How long the quarantine lasts still; none if there is none. Zero while one call tries the plugin.
    pub quarantined: Option<Duration>,
    /// Quarantines so far.
    pub quarantines: u64,
    /// CPU time that may be used at once now.
    pub budget_left: Duration,
    /// What its last fault was, in words; none if it has had none.
    pub last_fault: Option<String>,
}

impl PluginQuota {
    pub(crate) fn new(
        plugin: &Arc<str>,
        tenant: &Arc<str>,
        counters: &Arc<PluginCounters>,
        limits: &PluginLimits,
    ) -> Self {
        let price = 1.0 / limits.cpu.as_secs_f64().max(1e-6);
        Self {
            plugin: Arc::clone(plugin),
            tenant: Arc::clone(tenant),
            price,
            ahead: (limits.cpu_burst.as_nanos() as f64 * price) as u64,
            paid: AtomicU64::new(0),
            until: AtomicU64::new(0),
            trial: AtomicBool::new(false),
            faults: AtomicU64::new(0),
            level: AtomicU32::new(0),
            total: AtomicU64::new(0),
            counters: Arc::clone(counters),
            last_fault: Mutex::default(),
            said: ByteRate::default(),
            rules: Rules {
                faults: limits.faults,
                window: limits.fault_window,
                first: limits.quarantine,
                longest: limits.quarantine_most,
            },
        }
    }

    /// Whether a call may begin. `worth` is the CPU time that the bytes which it can look at may take: the account may be ahead
    /// by so much more, or a body that one hook may look at would close the next hook of the same request. It is asked for
    /// only when the burst is used up.
    pub(crate) fn admit(&self, now: Instant, worth: impl FnOnce() -> Duration) -> Result<Admitted, Fault> {
        let until = self.until.load(Ordering::Relaxed);
        let now = at(now);
        let paid = self.paid.load(Ordering::Relaxed);
        let most = now.saturating_add(self.ahead);
        if paid > most && paid > most.saturating_add(self.cost(worth())) {
            return Err(Fault::Budget);
        }
        if until == 0 {
            return Ok(Admitted { trial: false });
        }
        if now < until || self.trial.swap(true, Ordering::AcqRel) {
            return Err(Fault::Quarantined);
        }
        Ok(Admitted { trial: true })
    }

    /// How long the clock takes to pay for CPU time, in nanoseconds.
    fn cost(&self, cpu: Duration) -> u64 {
        (nanos(cpu) as f64 * self.price) as u64
    }

    /// Takes CPU time off the budget.
    pub(crate) fn charge(&self, now: Instant, cpu: Duration) {
        let (now, cost) = (at(now), self.cost(cpu));
        let add = |paid: u64| Some(paid.max(now).saturating_add(cost));
        // It cannot fail: `add` never answers none.
        let _ = self.paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// A trial that came to no end, for its client left: another call may try.
    pub(crate) fn undecided(&self) {
        self.trial.store(false, Ordering::Release);
    }

    /// A trial went well: the quarantine is over.
    pub(crate) fn recovered(&self) {
        self.faults.store(0, Ordering::Relaxed);
        self.level.store(0, Ordering::Relaxed);
        if self.until.swap(0, Ordering::Relaxed) != 0 {
            self.counters.released();
        }
        self.trial.store(false, Ordering::Release);
        if self.said.take(Instant::now(), 1, 1) {
            tracing::info!(plugin = &*self.plugin, tenant = &*self.tenant, "a plugin is out of quarantine");
        }
    }

    /// Keeps what a fault was, for whoever asks why.
    pub(crate) fn note(&self, fault: &Fault) {
        *self.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.to_string());
    }

    /// A call ended in a fault of the guest's. Answers whether that put it into quarantine, be it anew.
    pub(crate) fn faulted(&self, now: Instant, admitted: Admitted) -> bool {
        if self.rules.faults == 0 || !admitted.trial && self.count(now) < u64::from(self.rules.faults) {
            return false;
        }
        let level = self.level.load(Ordering::Relaxed);
        let pause = self.rules.first.saturating_mul(1_u32 << level.min(20)).min(self.rules.longest);
        let until = at(now + pause).max(1);
        if admitted.trial {
            self.until.store(until, Ordering::Relaxed);
        } else if self.until.compare_exchange(0, until, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // Calls that were under way when it began count no further.
            return false;
        }
        self.faults.store(0, Ordering::Relaxed);
        self.level.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        self.counters.quarantine(admitted.trial);
        self.trial.store(false, Ordering::Release);
        if self.said.take(now, 1, 1) {
            let (plugin, tenant) = (&*self.plugin, &*self.tenant);
            tracing::error!(plugin, tenant, ?pause, "a plugin faults again and again: in quarantine");
        }
        true
    }

    /// Counts a fault; how many there are within the window.
    fn count(&self, now: Instant) -> u64 {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, window) = (ms(now.saturating_duration_since(*BEGINNING)), ms(self.rules.window));
        let next = |faults: u64| {
            let (since, count) = (faults >> COUNT_BITS, faults & COUNT);
            match count {
                1..COUNT if now.saturating_sub(since) <= window => faults + 1,
                COUNT if now.saturating_sub(since) <= window => faults,
                _ => now << COUNT_BITS | 1,
            }
        };
        let before = self.faults.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |faults| Some(next(faults)));
        next(before.unwrap_or_else(|faults| faults)) & COUNT
    }

    /// How it stands now.
    pub(crate) fn state(&self, now: Instant) -> QuotaState {
        let (until, at) = (self.until.load(Ordering::Relaxed), at(now));
        let owed = self.paid.load(Ordering::Relaxed).saturating_sub(at);
        let left = self.ahead.saturating_sub(owed) as f64 / self.price;
        QuotaState {
            quarantined: (until != 0).then(|| Duration::from_nanos(until.saturating_sub(at))),
            quarantines: self.total.load(Ordering::Relaxed),
            budget_left: Duration::from_nanos(left as u64),
            last_fault: self.last_fault.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Drop for PluginQuota {
    fn drop(&mut self) {
        if self.until.load(Ordering::Relaxed) != 0 {
            self.counters.released();
        }
    }
}
