//! What is counted for one plugin and tenant, whatever the hook.

use super::callouts::{Callout, CalloutStats};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use weir_series::{NameBudget, Names};

/// What is counted for one plugin and tenant: by the names that the plugin gave, and its live instances.
#[derive(Debug)]
pub(crate) struct PluginCounters {
    pub(super) by_name: Names<AtomicU64>,
    names: Arc<NameBudget>,
    pub(super) instances: AtomicI64,
    /// Those of them that nobody used when their pool was last looked at.
    pub(super) idle: AtomicI64,
    pub(super) callouts: CalloutStats,
    /// Bindings that are in quarantine now, and quarantines so far.
    pub(super) quarantined: AtomicI64,
    pub(super) quarantines: AtomicU64,
    pub(super) log_dropped: AtomicU64,
    pub(super) kv_refused: AtomicU64,
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
    pub(super) fn new(names: &Arc<NameBudget>) -> Self {
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
    pub(super) const NAMES: usize = 64;

    /// The counter of a name. One that is known is found without a lock.
    pub(crate) fn named(&self, name: &str) -> Arc<AtomicU64> {
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = !name.is_empty() && name.len() <= 64 && name.chars().all(valid);
        let known = if good { self.by_name.get(name, Self::NAMES, &self.names) } else { None };
        known.unwrap_or_else(|| self.by_name.other())
    }
}
