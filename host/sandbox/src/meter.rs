//! What calls cost: for each plugin, hook and tenant, in atomics that the hot path reaches without a look-up.

mod callouts;
mod counters;
pub(crate) mod histogram;
mod hook_stats;
pub(crate) mod tally;

pub(crate) use callouts::Callout;
pub use callouts::CalloutStats;
pub(crate) use counters::{Alive, PluginCounters};
pub use hook_stats::{CPU_BUCKETS_NS, HookStats};

use crate::hook::HookKind;
use crate::source::is_tenants_own;
use hook_stats::get;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use weir_series::{Idle, NameBudget, OTHER, Table};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

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
