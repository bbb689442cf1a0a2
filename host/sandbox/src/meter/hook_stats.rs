//! The figures of one plugin at one hook for one tenant.

use super::histogram::quantile;
use crate::error::Fault;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Upper bounds of the CPU histogram's buckets, in nanoseconds; one more bucket holds the rest.
pub const CPU_BUCKETS_NS: [u64; 14] = [
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    20_000_000,
    100_000_000,
];

/// Where the last bucket is taken to end when a quantile lies in it: at twice the last bound.
const REST_NS: u64 = 200_000_000;

/// Threads that have figures of their own; more than these share them.
const SHARDS: usize = 16;

thread_local! {
    /// Which of the shards this thread writes to.
    static SHARD: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS
    };
}

/// What every call writes, on cache lines that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Calls {
    cpu_ns: AtomicU64,
    hits: AtomicU64,
    buckets: [AtomicU64; CPU_BUCKETS_NS.len() + 1],
}

/// The figures of one plugin at one hook for one tenant.
#[derive(Debug, Default)]
pub struct HookStats {
    shards: [OnceLock<Box<Calls>>; SHARDS],
    faults: [AtomicU64; Fault::REASONS.len()],
    misses: AtomicU64,
    waits: AtomicU64,
    burned: AtomicU64,
    yields: AtomicU64,
    skipped: AtomicU64,
}

/// What a counter stands at.
pub(super) fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl HookStats {
    fn mine(&self) -> Option<&Calls> {
        let shard = self.shards.get(SHARD.with(|shard| *shard))?;
        Some(shard.get_or_init(Box::default))
    }

    fn all(&self) -> impl Iterator<Item = &Calls> {
        self.shards.iter().filter_map(|shard| Some(&**shard.get()?))
    }

    /// One call ended, having used this much CPU time in this many polls.
    pub(crate) fn call(&self, cpu_ns: u64, yields: u64) {
        if let Some(mine) = self.mine() {
            mine.cpu_ns.fetch_add(cpu_ns, Ordering::Relaxed);
            let bucket = CPU_BUCKETS_NS.partition_point(|bound| *bound < cpu_ns);
            if let Some(bucket) = mine.buckets.get(bucket) {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        if yields > 0 {
            self.yields.fetch_add(yields, Ordering::Relaxed);
        }
    }

    pub(crate) fn fault(&self, fault: &Fault) {
        if let Some(counter) = self.faults.get(fault.index()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn hit(&self) {
        if let Some(mine) = self.mine() {
            mine.hits.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn burn(&self) {
        self.burned.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls that have ended, faults included.
    pub fn calls(&self) -> u64 {
        self.buckets().sum()
    }

    /// CPU time of all calls in nanoseconds: from taking an instance to giving it back, host calls included, waiting
    /// excluded.
    pub fn cpu_ns(&self) -> u64 {
        self.all().map(|calls| get(&calls.cpu_ns)).sum()
    }

    /// Faults by reason, in the order of [`Fault::REASONS`].
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Fault::REASONS.iter().copied().zip(self.faults.iter().map(get))
    }

    /// Calls by CPU time: one count for each bound of [`CPU_BUCKETS_NS`] and one for the rest.
    pub fn buckets(&self) -> impl Iterator<Item = u64> + '_ {
        (0..=CPU_BUCKETS_NS.len()).map(|n| self.all().filter_map(|calls| calls.buckets.get(n)).map(get).sum())
    }

    /// The CPU time in nanoseconds that so many of a thousand calls do not exceed: read off the histogram, so no finer than
    /// its buckets; none before the first call.
    pub fn quantile_ns(&self, of_thousand: u64) -> Option<u64> {
        let counts: Vec<u64> = self.buckets().collect();
        let bounds = CPU_BUCKETS_NS.iter().copied().chain([REST_NS]);
        quantile(bounds.zip(counts.iter().copied()), of_thousand)
    }

    /// Calls that found an instance in the pool.
    pub fn hits(&self) -> u64 {
        self.all().map(|calls| get(&calls.hits)).sum()
    }

    /// Calls that had to make an instance.
    pub fn misses(&self) -> u64 {
        get(&self.misses)
    }

    /// Calls that had to wait for an instance.
    pub fn waits(&self) -> u64 {
        get(&self.waits)
    }

    /// Instances thrown away after a fault.
    pub fn burned(&self) -> u64 {
        get(&self.burned)
    }

    /// Finished requests that an observer was not shown, for too many waited.
    pub fn skipped(&self) -> u64 {
        get(&self.skipped)
    }

    /// Times that a guest gave way to the worker's other tasks in the middle of a call.
    pub fn yields(&self) -> u64 {
        get(&self.yields)
    }
}
