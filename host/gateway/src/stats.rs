//! What requests did, in atomics that each worker has to itself and that only a scrape adds up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Statuses that are counted one by one; the last place holds all others.
pub(crate) const STATUSES: [u16; 18] =
    [200, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 431, 499, 500, 502, 503, 504, 0];

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

/// A histogram of microseconds.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    rest: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
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
    pub(crate) fn add_to(&self, total: &mut Total) {
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
pub(crate) struct Total {
    pub(crate) bounds: &'static [u64],
    pub(crate) buckets: Vec<u64>,
    pub(crate) sum_us: u64,
}

/// One worker's figures for one tenant and model.
#[derive(Debug)]
pub(crate) struct Shard {
    statuses: [AtomicU64; STATUSES.len()],
    pub(crate) duration: Histogram<17>,
    pub(crate) first_byte: Histogram<17>,
    pub(crate) overhead: Histogram<12>,
    pub(crate) in_flight: AtomicI64,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            statuses: std::array::from_fn(|_| AtomicU64::new(0)),
            duration: Histogram::new(&LATENCY_US),
            first_byte: Histogram::new(&LATENCY_US),
            overhead: Histogram::new(&OVERHEAD_US),
            in_flight: AtomicI64::new(0),
        }
    }
}

impl Shard {
    pub(crate) fn status(&self, status: u16) {
        let place = STATUSES.iter().position(|s| *s == status).unwrap_or(STATUSES.len() - 1);
        if let Some(counter) = self.statuses.get(place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts by status, in the order of [`STATUSES`].
    pub(crate) fn statuses(&self) -> impl Iterator<Item = u64> + '_ {
        self.statuses.iter().map(|s| s.load(Ordering::Relaxed))
    }
}

/// The figures of one tenant and model, a shard for each worker.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) tenant: Arc<str>,
    pub(crate) model: Arc<str>,
    shards: Box<[Arc<Shard>]>,
}

impl Series {
    /// A worker's own shard.
    pub(crate) fn shard(&self, worker: usize) -> Option<&Arc<Shard>> {
        self.shards.get(worker)
    }

    pub(crate) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().map(|s| &**s)
    }
}

/// All series. They outlive reloads, so that counters never go back.
#[derive(Debug)]
pub(crate) struct Stats {
    workers: usize,
    series: Mutex<HashMap<(Arc<str>, Arc<str>), Arc<Series>>>,
    refusals: Mutex<HashMap<String, u64>>,
    /// Connections accepted.
    pub(crate) accepted: AtomicU64,
    /// Finished requests whose observers were skipped because the queue was full.
    pub(crate) unobserved: AtomicU64,
}

impl Stats {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers,
            series: Mutex::default(),
            refusals: Mutex::default(),
            accepted: AtomicU64::new(0),
            unobserved: AtomicU64::new(0),
        }
    }

    /// The series of a tenant and model, made on first use. For when a snapshot is built, not for requests.
    pub(crate) fn series(&self, tenant: &str, model: &str) -> Arc<Series> {
        let key: (Arc<str>, Arc<str>) = (tenant.into(), model.into());
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let made = all.entry(key.clone()).or_insert_with(|| {
            let shards = (0..self.workers).map(|_| Arc::new(Shard::default())).collect();
            Arc::new(Series { tenant: key.0, model: key.1, shards })
        });
        Arc::clone(made)
    }

    /// Counts a refusal by its code. Refusals are off the hot path, so a lock will do. Plugins choose codes, so the
    /// number of distinct ones is bounded.
    pub(crate) fn refusal(&self, code: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = refusals.get_mut(code) {
            *count += 1;
            return;
        }
        let code = if refusals.len() < 200 { code } else { "other" };
        *refusals.entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn each_series(&self, mut see: impl FnMut(&Series)) {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<_> = all.values().collect();
        sorted.sort_by(|a, b| (&a.tenant, &a.model).cmp(&(&b.tenant, &b.model)));
        sorted.into_iter().for_each(|series| see(series));
    }

    pub(crate) fn refusals(&self) -> Vec<(String, u64)> {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<_> = refusals.iter().map(|(code, count)| (code.clone(), *count)).collect();
        sorted.sort();
        sorted
    }
}
