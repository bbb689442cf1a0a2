//! What requests did, in atomics that each worker has to itself and that only a scrape adds up. There are rows for what
//! has happened alone, so many at the most; what finds no room is counted as `other`.

use crate::request::waits::{AllWaits, Waits};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use weir_series::{NameBudget, Names, OTHER, Shards, Table};

/// Statuses that are counted one by one; the last place holds all others.
pub(crate) const STATUSES: [u16; 18] =
    [200, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 431, 499, 500, 502, 503, 504, 0];

/// How the body of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyOutcome {
    /// Its last byte went out.
    Complete,
    /// The client left, or stopped reading, before its last byte went out.
    ClientGone,
    /// The gateway broke it off, and said so: an upstream or a plugin failed, or the drain was over.
    Cut,
}

/// The words for that, in the order of the variants.
pub(crate) const ENDED: [&str; 3] = ["complete", "client_gone", "cut"];

/// Upper bounds of latency buckets in microseconds; one more bucket holds the rest.
pub(crate) const LATENCY_US: [u64; 17] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
];

/// Upper bounds of overhead buckets in microseconds: what the gateway itself took.
pub(crate) const OVERHEAD_US: [u64; 12] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 250_000];

/// A set of histograms is as long in a scrape as so many other rows, and counts towards the limit as these.
const HISTOGRAMS_WEIGH: usize = 12;

/// Distinct codes of refusals of one tenant for which a plugin may choose another one: what comes later is `other`.
const CODES: usize = 64;

/// A histogram of microseconds.
#[derive(Debug)]
pub(crate) struct LatencyHistogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    rest: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> LatencyHistogram<N> {
    fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            rest: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    pub(crate) fn record(&self, value: Duration) {
        let us = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let place = self.bounds.partition_point(|bound| *bound < us);
        self.counts.get(place).unwrap_or(&self.rest).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(us, Ordering::Relaxed);
    }

    /// Adds this histogram to a sum of its kind.
    pub(crate) fn add_to(&self, total: &mut HistogramTotal) {
        total.buckets.resize(N + 1, 0);
        let counts = self.counts.iter().chain(std::iter::once(&self.rest));
        for (sum, count) in total.buckets.iter_mut().zip(counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        total.sum_us += self.sum.load(Ordering::Relaxed);
        total.bounds = self.bounds;
    }
}

/// Histograms added up.
#[derive(Debug, Default)]
pub(crate) struct HistogramTotal {
    pub(crate) bounds: &'static [u64],
    pub(crate) buckets: Vec<u64>,
    pub(crate) sum_us: u64,
}

/// One worker's counts for one tenant and model.
#[derive(Debug)]
pub(crate) struct Requests {
    /// By how the body ended, and by status.
    ended: [[AtomicU64; STATUSES.len()]; ENDED.len()],
    /// Microseconds, by what was waited for.
    waits: [AtomicU64; Waits::NAMES.len()],
    pub(crate) in_flight: AtomicI64,
    /// Requests that were answered after an attempt had failed.
    pub(crate) failed_over: AtomicU64,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            ended: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
            waits: std::array::from_fn(|_| AtomicU64::new(0)),
            in_flight: AtomicI64::new(0),
            failed_over: AtomicU64::new(0),
        }
    }
}

impl Requests {
    /// Counts a request that has ended.
    pub(crate) fn ended(&self, status: u16, how: BodyOutcome) {
        let place = STATUSES.iter().position(|s| *s == status).unwrap_or(STATUSES.len() - 1);
        if let Some(counter) = self.ended.get(how as usize).and_then(|row| row.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts by how the body ended, in the order of [`ENDED`], and by status, in the order of [`STATUSES`].
    pub(crate) fn counts(&self) -> [[u64; STATUSES.len()]; ENDED.len()] {
        std::array::from_fn(|how| {
            let row = self.ended.get(how);
            std::array::from_fn(|at| row.and_then(|row| row.get(at)).map_or(0, |count| count.load(Ordering::Relaxed)))
        })
    }

    /// Adds what a request waited for.
    pub(crate) fn waited(&self, waits: &AllWaits) {
        for (sum, wait) in self.waits.iter().zip(waits.each()) {
            if !wait.is_zero() {
                sum.fetch_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        }
    }

    /// Microseconds by what was waited for, in the order of [`Waits::NAMES`].
    pub(crate) fn waits(&self) -> impl Iterator<Item = u64> + '_ {
        self.waits.iter().map(|sum| sum.load(Ordering::Relaxed))
    }
}

/// One worker's times for one model, or for one tenant and model.
#[derive(Debug)]
pub(crate) struct RequestTimes {
    pub(crate) duration: LatencyHistogram<17>,
    pub(crate) first_byte: LatencyHistogram<17>,
    pub(crate) overhead: LatencyHistogram<12>,
}

impl Default for RequestTimes {
    fn default() -> Self {
        Self {
            duration: LatencyHistogram::new(&LATENCY_US),
            first_byte: LatencyHistogram::new(&LATENCY_US),
            overhead: LatencyHistogram::new(&OVERHEAD_US),
        }
    }
}

/// Whose figures. Empty is whatever is not known of a request, or is not told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) tenant: Arc<str>,
    pub(crate) model: Arc<str>,
}

impl Pair {
    fn shared(&self) -> Self {
        Self { tenant: shared(&self.tenant), model: shared(&self.model) }
    }
}

/// The name under which is counted what found no room under its own. What has no name needs none.
fn shared(name: &Arc<str>) -> Arc<str> {
    if name.is_empty() { Arc::clone(name) } else { OTHER.into() }
}

/// Refusals by code.
pub(crate) type Codes = Names<Shards<AtomicU64>>;

/// All figures. They outlive reloads, until those are let go that nobody needs.
#[derive(Debug)]
pub(crate) struct RequestStats {
    pub(crate) requests: Table<Pair, Shards<Requests>>,
    pub(crate) times: Table<Pair, Shards<RequestTimes>>,
    /// By tenant.
    pub(crate) refusals: Table<Arc<str>, Codes>,
    /// For the codes of all tenants together.
    pub(crate) codes: NameBudget,
    /// For the gateway's own codes where no tenant is named: they are as many as the table of refusals has.
    own_codes: NameBudget,
    /// Finished requests whose observers were skipped because the queue was full.
    pub(crate) unobserved: AtomicU64,
    /// Attempts that were not made because the budget for them was used up.
    pub(crate) unaffordable: AtomicU64,
}

impl RequestStats {
    /// No figures yet, and so many rows of each kind at the most (`limits.series`).
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            requests: Table::new(limit, Pair::shared),
            times: Table::new(limit.div_ceil(HISTOGRAMS_WEIGH), Pair::shared),
            refusals: Table::new(limit, shared),
            codes: NameBudget::new(limit),
            own_codes: NameBudget::new(usize::MAX),
            unobserved: AtomicU64::new(0),
            unaffordable: AtomicU64::new(0),
        }
    }

    /// Changes the limit.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.requests.set_limit(limit);
        self.times.set_limit(limit.div_ceil(HISTOGRAMS_WEIGH));
        self.refusals.set_limit(limit);
        self.codes.set_limit(limit);
    }

    /// Lets go of the figures of tenants and models that nobody has needed, and for whom nothing was under way, for as long
    /// as `after`: what is counted under their labels from then on begins at zero.
    pub(crate) fn let_go(
        &self,
        tenant_needed: impl Fn(&str) -> bool,
        model_needed: impl Fn(&str) -> bool,
        time: (Instant, Duration),
    ) {
        let needed = |of: &Pair| tenant_needed(&of.tenant) && model_needed(&of.model);
        self.requests.let_go(needed, time, |_, _| {});
        self.times.let_go(needed, time, |_, _| {});
        self.refusals.let_go(|tenant| tenant_needed(tenant), time, |_, codes| self.codes.give_back_all(codes));
    }

    /// One worker's count of a tenant's refusals with a code, which a plugin may have chosen. Where there is no room left,
    /// a code of the gateway's own keeps its name and loses its tenant. Takes a lock: keep the answer.
    pub(crate) fn refusal(&self, worker: usize, tenant: &Arc<str>, code: &str, chosen: bool) -> Arc<AtomicU64> {
        let row = self.refusals.row(tenant);
        let named = row.0 == *tenant && !tenant.is_empty();
        let found = match (chosen, named) {
            (true, _) => row.1.get(code, CODES, &self.codes),
            (false, true) => row.1.get(code, usize::MAX, &self.codes),
            (false, false) => row.1.get(code, usize::MAX, &self.own_codes),
        };
        if let Some(counts) = found {
            return counts.of(worker);
        }
        if chosen {
            return row.1.other().of(worker);
        }
        let shared = self.refusals.row(&OTHER.into());
        shared.1.get(code, usize::MAX, &self.own_codes).unwrap_or_else(|| shared.1.other()).of(worker)
    }
}
