//! What calls cost: for each plugin, hook and tenant, in atomics that the hot path reaches without a look-up.

use crate::error::Fault;
use crate::hook::HookKind;
use crate::meter::histogram::quantile;
use crate::source::is_tenants_own;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use weir_series::{Idle, NameBudget, Names, OTHER, Table};

mod callouts;
pub(crate) mod histogram;
pub(crate) mod tally;

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
    skipped: AtomicU64,
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

/// Whose figures at a hook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct AtHook {
    plugin: Arc<str>,
    hook: &'static str,
    tenant: Arc<str>,
}

/// Whose figures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Whose {
    plugin: Arc<str>,
    tenant: Arc<str>,
}

/// The figures of a row, which whoever writes them holds.
#[derive(Debug, Default)]
struct OfHook(Arc<HookStats>);

impl Idle for OfHook {
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// The same of plugin and tenant.
#[derive(Debug, Default)]
struct OfTenant(OnceLock<Arc<PluginCounters>>);

impl Idle for OfTenant {
    fn is_idle(&self) -> bool {
        self.0.get().is_none_or(|kept| Arc::strong_count(kept) == 1 && kept.by_name.is_idle())
    }
}

/// The label under which a binding is counted that found no room: its own where the operator put it there, for there are
/// few of these, and one for all that tenants have put into their own folders.
fn folded(plugin: &Arc<str>) -> Arc<str> {
    if is_tenants_own(plugin) { OTHER.into() } else { Arc::clone(plugin) }
}

/// All figures, of so many plugins, hooks and tenants at the most: those that come later are counted for the tenant
/// [`OTHER`]. They outlive reloads, until somebody lets those go that nobody needs.
#[derive(Debug)]
pub struct Meter {
    stats: Table<AtHook, OfHook>,
    counters: Table<Whose, OfTenant>,
    /// For the names that plugins give counters.
    names: Arc<NameBudget>,
    nobody: Arc<HookStats>,
}

impl Default for Meter {
    /// One without a limit, until [`Meter::set_limit`].
    fn default() -> Self {
        Self {
            stats: Table::new(usize::MAX, |of| AtHook {
                tenant: OTHER.into(),
                plugin: folded(&of.plugin),
                ..of.clone()
            }),
            counters: Table::new(usize::MAX, |of| Whose { tenant: OTHER.into(), plugin: folded(&of.plugin) }),
            names: Arc::new(NameBudget::new(usize::MAX)),
            nobody: Arc::default(),
        }
    }
}

impl Meter {
    /// Changes how many combinations have figures of their own: of plugin, hook and tenant; of plugin and tenant; and of
    /// these with the names of counters.
    pub fn set_limit(&self, limit: usize) {
        self.stats.set_limit(limit);
        self.counters.set_limit(limit);
        self.names.set_limit(limit);
    }

    /// For each of these kinds its name, how many combinations have figures of their own, and how many times one found no
    /// room.
    pub fn kept(&self) -> [(&'static str, usize, u64); 3] {
        [
            ("plugin_hooks", self.stats.kept(), self.stats.beyond()),
            ("plugins", self.counters.kept(), self.counters.beyond()),
            ("plugin_counters", self.names.taken(), self.names.beyond()),
        ]
    }

    /// Lets go of the figures that nobody has needed, and nobody written, for as long as `after`: what is counted under their
    /// labels from then on begins at zero. `needed` is asked for plugin and tenant.
    pub fn let_go(&self, needed: impl Fn(&str, &str) -> bool, (now, after): (Instant, Duration)) {
        self.stats.let_go(|of| needed(&of.plugin, &of.tenant), (now, after), |_, _| {});
        let last = |_: &Whose, kept: &OfTenant| {
            if let Some(kept) = kept.0.get() {
                self.names.give_back_all(&kept.by_name);
            }
        };
        self.counters.let_go(|of| needed(&of.plugin, &of.tenant), (now, after), last);
    }

    /// The figures of a plugin at a hook for a tenant, made on first use. Not for the hot path: keep the answer.
    pub(crate) fn stats(&self, plugin: &Arc<str>, hook: HookKind, tenant: &Arc<str>) -> Arc<HookStats> {
        let of = AtHook { plugin: Arc::clone(plugin), hook: hook.name(), tenant: Arc::clone(tenant) };
        Arc::clone(&self.stats.row(&of).1.0)
    }

    /// Figures that nobody writes and no metric shows, for a hook that a plugin does not have.
    pub(crate) fn nobody(&self) -> Arc<HookStats> {
        Arc::clone(&self.nobody)
    }

    /// The counters that a plugin keeps for a tenant.
    pub(crate) fn counters(&self, plugin: &Arc<str>, tenant: &Arc<str>) -> Arc<PluginCounters> {
        let row = self.counters.row(&Whose { plugin: Arc::clone(plugin), tenant: Arc::clone(tenant) });
        Arc::clone(row.1.0.get_or_init(|| Arc::new(PluginCounters::new(&self.names))))
    }

    /// Counters that no metric shows, for an instance that is only tried out.
    pub(crate) fn unlisted(&self) -> Arc<PluginCounters> {
        Arc::new(PluginCounters::new(&Arc::new(NameBudget::new(PluginCounters::NAMES))))
    }

    /// Everything, for metrics: plugin, hook, tenant, figures; sorted by these.
    pub fn each_hook(&self, mut see: impl FnMut(&str, &str, &str, &HookStats)) {
        let mut all = Vec::new();
        self.stats.each(|of, stats| all.push((of.clone(), Arc::clone(&stats.0))));
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.iter().for_each(|(of, stats)| see(&of.plugin, of.hook, &of.tenant, stats));
    }

    /// Instances alive now: plugin, tenant, count, and how many of them were idle at the last look, a second ago at the
    /// most. Those of a `shared` plugin count for the tenant that had them made.
    pub fn each_pool(&self, mut see: impl FnMut(&str, &str, i64, i64)) {
        self.each(|of, kept| {
            see(&of.plugin, &of.tenant, kept.instances.load(Ordering::Relaxed), kept.idle.load(Ordering::Relaxed));
        });
    }

    /// Quarantines of everybody who has been in one: plugin, tenant, how many there are now, and how many there were.
    pub fn each_quarantine(&self, mut see: impl FnMut(&str, &str, i64, u64)) {
        self.each(|of, kept| {
            let (now, ever) = (kept.quarantined.load(Ordering::Relaxed), get(&kept.quarantines));
            if ever > 0 {
                see(&of.plugin, &of.tenant, now, ever);
            }
        });
    }

    /// Callouts of everybody who has made any: plugin, tenant, figures.
    pub fn each_callout(&self, mut see: impl FnMut(&str, &str, &CalloutStats)) {
        self.each(|of, kept| {
            if kept.callouts.any() {
                see(&of.plugin, &of.tenant, &kept.callouts);
            }
        });
    }

    /// What plugins wanted and did not get for want of room: plugin, tenant, bytes of log that were left out, and how often
    /// the key-value store took nothing more.
    pub fn each_quota(&self, mut see: impl FnMut(&str, &str, u64, u64)) {
        self.each(|of, kept| see(&of.plugin, &of.tenant, get(&kept.log_dropped), get(&kept.kv_refused)));
    }

    /// Every counter that a plugin has added to: plugin, tenant, name, value.
    pub fn each_counter(&self, mut see: impl FnMut(&str, &str, &str, u64)) {
        self.each(|of, kept| kept.by_name.each(|name, value| see(&of.plugin, &of.tenant, name, get(value))));
    }

    fn each(&self, mut see: impl FnMut(&Whose, &PluginCounters)) {
        let mut all = Vec::new();
        self.counters.each(|of, kept| all.extend(kept.0.get().map(|kept| (of.clone(), Arc::clone(kept)))));
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.iter().for_each(|(of, kept)| see(of, kept));
    }
}

/// What is counted for one plugin and tenant: by the names that the plugin gave, and its live instances.
#[derive(Debug)]
pub(crate) struct PluginCounters {
    by_name: Names<AtomicU64>,
    names: Arc<NameBudget>,
    instances: AtomicI64,
    /// Those of them that nobody used when their pool was last looked at.
    idle: AtomicI64,
    callouts: CalloutStats,
    /// Bindings that are in quarantine now, and quarantines so far.
    quarantined: AtomicI64,
    quarantines: AtomicU64,
    log_dropped: AtomicU64,
    kv_refused: AtomicU64,
}

/// Counts an instance for as long as it lives.
#[derive(Debug)]
pub(crate) struct Alive(Arc<PluginCounters>);

impl Alive {
    pub(crate) fn new(counters: &Arc<PluginCounters>) -> Self {
        counters.instances.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PluginCounters {
    fn new(names: &Arc<NameBudget>) -> Self {
        Self {
            by_name: Names::default(),
            names: Arc::clone(names),
            instances: AtomicI64::new(0),
            idle: AtomicI64::new(0),
            callouts: CalloutStats::default(),
            quarantined: AtomicI64::new(0),
            quarantines: AtomicU64::new(0),
            log_dropped: AtomicU64::new(0),
            kv_refused: AtomicU64::new(0),
        }
    }

    /// So many bytes of what the plugin wanted to log were left out.
    pub(crate) fn log_dropped(&self, bytes: usize) {
        if bytes > 0 {
            self.log_dropped.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// The key-value store took nothing more.
    pub(crate) fn kv_refused(&self) {
        self.kv_refused.fetch_add(1, Ordering::Relaxed);
    }

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

    /// A binding goes into quarantine, be it anew after a trial.
    pub(crate) fn quarantine(&self, anew: bool) {
        self.quarantines.fetch_add(1, Ordering::Relaxed);
        if !anew {
            self.quarantined.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A binding is out of quarantine, or out of service.
    pub(crate) fn released(&self) {
        self.quarantined.fetch_sub(1, Ordering::Relaxed);
    }

    /// Distinct names; what comes later is counted under `other`.
    const NAMES: usize = 64;

    /// The counter of a name. One that is known is found without a lock.
    pub(crate) fn named(&self, name: &str) -> Arc<AtomicU64> {
        let lawful = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = !name.is_empty() && name.len() <= 64 && name.chars().all(lawful);
        let known = if good { self.by_name.get(name, Self::NAMES, &self.names) } else { None };
        known.unwrap_or_else(|| self.by_name.other())
    }
}
