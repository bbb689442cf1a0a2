//! What calls cost: for each plugin, hook and tenant, in atomics that the hot path reaches without a look-up.

use crate::error::Fault;
use crate::histogram::quantile;
use crate::hook::Hook;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

mod callouts;

pub(crate) use callouts::Callout;
pub use callouts::CalloutStats;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

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
}

fn get(counter: &AtomicU64) -> u64 {
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

    /// Times that a guest gave way to the worker's other tasks in the middle of a call.
    pub fn yields(&self) -> u64 {
        get(&self.yields)
    }
}

/// Whose figures: plugin, hook, tenant.
type Key = (Arc<str>, &'static str, Arc<str>);

/// All figures. They outlive reloads, so that counters never go back.
#[derive(Debug, Default)]
pub struct Meter {
    stats: Mutex<BTreeMap<Key, Arc<HookStats>>>,
    counters: Mutex<BTreeMap<(Arc<str>, Arc<str>), Arc<Counters>>>,
}

impl Meter {
    /// The figures of a plugin at a hook for a tenant, made on first use. Not for the hot path: keep the answer.
    pub(crate) fn stats(&self, plugin: &Arc<str>, hook: Hook, tenant: &Arc<str>) -> Arc<HookStats> {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(stats.entry((Arc::clone(plugin), hook.name(), Arc::clone(tenant))).or_default())
    }

    /// The counters that a plugin keeps for a tenant.
    pub(crate) fn counters(&self, plugin: &Arc<str>, tenant: &Arc<str>) -> Arc<Counters> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counters.entry((Arc::clone(plugin), Arc::clone(tenant))).or_default())
    }

    /// Counters that no metric shows, for an instance that is only tried out.
    pub(crate) fn unlisted(&self) -> Arc<Counters> {
        Arc::default()
    }

    /// Everything, for metrics: plugin, hook, tenant, figures.
    pub fn each_hook(&self, mut see: impl FnMut(&str, &str, &str, &HookStats)) {
        let stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        for ((plugin, hook, tenant), figures) in stats.iter() {
            see(plugin, hook, tenant, figures);
        }
    }

    /// Instances alive now: plugin, tenant, count, and how many of them were idle at the last look, a second ago at the
    /// most. Those of a `shared` plugin count for the tenant that had them made.
    pub fn each_pool(&self, mut see: impl FnMut(&str, &str, i64, i64)) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for ((plugin, tenant), kept) in counters.iter() {
            see(plugin, tenant, kept.instances.load(Ordering::Relaxed), kept.idle.load(Ordering::Relaxed));
        }
    }

    /// Callouts of everybody who has made any: plugin, tenant, figures.
    pub fn each_callout(&self, mut see: impl FnMut(&str, &str, &CalloutStats)) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for ((plugin, tenant), kept) in counters.iter().filter(|(_, kept)| kept.callouts.any()) {
            see(plugin, tenant, &kept.callouts);
        }
    }

    /// Every counter that a plugin has added to: plugin, tenant, name, value.
    pub fn each_counter(&self, mut see: impl FnMut(&str, &str, &str, u64)) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for ((plugin, tenant), names) in counters.iter() {
            for (name, value) in names.by_name.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                see(plugin, tenant, name, get(value));
            }
        }
    }
}

/// What is counted for one plugin and tenant: by the names that the plugin gave, and its live instances.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    by_name: Mutex<BTreeMap<Box<str>, Arc<AtomicU64>>>,
    instances: AtomicI64,
    /// Those of them that nobody used when their pool was last looked at.
    idle: AtomicI64,
    callouts: CalloutStats,
}

/// Counts an instance for as long as it lives.
#[derive(Debug)]
pub(crate) struct Alive(Arc<Counters>);

impl Alive {
    pub(crate) fn new(counters: &Arc<Counters>) -> Self {
        counters.instances.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// So many more instances of a pool are idle than when it told last.
    pub(crate) fn idle(&self, more: i64) {
        self.idle.fetch_add(more, Ordering::Relaxed);
    }

    /// One callout ended so.
    pub(crate) fn callout(&self, how: Callout) {
        self.callouts.ended(how);
    }

    /// A callout was waited for.
    pub(crate) fn waited(&self, time: Duration) {
        self.callouts.waited(time);
    }

    /// Distinct names; what comes later is counted under `other`.
    const NAMES: usize = 64;

    /// The counter of a name. Instances keep the answer, so this lock is taken once for each name and instance.
    pub(crate) fn named(&self, name: &str) -> Arc<AtomicU64> {
        let lawful = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = !name.is_empty() && name.len() <= 64 && name.chars().all(lawful);
        let mut names = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if good && (names.contains_key(name) || names.len() < Self::NAMES) { name } else { "other" };
        Arc::clone(names.entry(name.into()).or_default())
    }
}
