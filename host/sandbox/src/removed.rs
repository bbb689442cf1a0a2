//! What is let go of plugins and tenants that are no more: figures, stores, quotas, numbers.

use crate::engine::Sandbox;
use crate::plugin::LoadedPlugin;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weir_series::OTHER;

/// What serves: whatever is kept of it stays.
#[derive(Debug, Default)]
pub struct Needed {
    bindings: HashSet<Arc<str>>,
    /// With the bounds of their stores: what was kept under other ones is not found any more.
    stores: HashSet<(Arc<str>, u64, Duration)>,
    tenants: HashSet<String>,
}

impl Needed {
    /// These plugins, versions on trial included, and these tenants.
    pub fn new<'p>(
        plugins: impl Iterator<Item = &'p Arc<LoadedPlugin>>,
        tenants: impl Iterator<Item = String>,
    ) -> Self {
        let mut needed = Self { tenants: tenants.collect(), ..Self::default() };
        for plugin in plugins {
            let limits = &plugin.settings().limits;
            needed.stores.insert((Arc::clone(plugin.name()), limits.kv_entries, limits.kv_ttl));
            needed.bindings.insert(Arc::clone(plugin.name()));
        }
        needed
    }
}

impl Sandbox {
    /// Lets go of what is kept of plugins and tenants that are not needed, once nobody has needed or held it for as long as
    /// `after`. What they count from then on begins at zero, and their stores are empty.
    pub fn let_go(&self, needed: &Needed, (now, after): (Instant, Duration)) {
        let is_bound = |binding: &str| binding == OTHER || needed.bindings.contains(binding);
        let is_tenant = |tenant: &str| tenant.is_empty() || tenant == OTHER || needed.tenants.contains(tenant);
        self.meter().let_go(|binding, tenant| is_bound(binding) && is_tenant(tenant), (now, after));
        self.tenants().let_go(|tenant| needed.tenants.contains(tenant), (now, after));
        // Who has no name has no number that anybody could come with.
        let known = self.tenants().numbers();
        let has_store =
            |plugin: &Arc<str>, entries, longest| needed.stores.contains(&(Arc::clone(plugin), entries, longest));
        self.stores().let_go(
            |key| known.contains(&key.tenant) && has_store(&key.plugin, key.entries, key.longest),
            (now, after),
        );
        let is_needed = |binding: &str, tenant| known.contains(&tenant) && needed.bindings.contains(binding);
        self.quotas().let_go(is_needed, |tenant| known.contains(&tenant), (now, after));
    }
}
