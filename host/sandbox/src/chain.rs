//! The plugins of one tenant: for each hook, in order.

use crate::bounds::plugin_quota::PluginQuota;
use crate::guest_state::TenantState;
use crate::hook::HookKind;
use crate::meter::HookStats;
use crate::plugin::LoadedPlugin;
use crate::tenant::TenantId;
use std::sync::Arc;
use std::time::Instant;
use weir_config::{Isolation, glob};

/// Whose doing it is that a plugin applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The configuration's: its chain names the plugin.
    Chain,
    /// It lies in the plugin folder, for everybody or for one tenant.
    Dropped,
}

/// A plugin bound to a tenant.
#[derive(Debug)]
pub struct Bound {
    plugin: Arc<LoadedPlugin>,
    tenant: TenantId,
    origin: Origin,
    models: Arc<[String]>,
    tenant_state: Arc<TenantState>,
    stats: [Arc<HookStats>; HookKind::ALL.len()],
    standing: Arc<PluginQuota>,
}

impl Bound {
    pub(crate) fn new(
        plugin: Arc<LoadedPlugin>,
        (tenant, origin): (TenantId, Origin),
        models: Arc<[String]>,
        tenant_state: Arc<TenantState>,
        stats: [Arc<HookStats>; HookKind::ALL.len()],
    ) -> Self {
        let standing = plugin.standing(&tenant_state.tenant, &tenant_state.counters);
        Self { plugin, tenant, origin, models, tenant_state, stats, standing }
    }

    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &Arc<LoadedPlugin> {
        &self.plugin
    }

    /// Whether it applies to requests for a model.
    #[must_use]
    pub fn applies_to(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|pattern| glob(pattern, model))
    }

    /// Writes into the plugin's key-value store for this tenant, for as long as the operator lets values live: for tools
    /// that prepare a call.
    ///
    /// # Errors
    /// If key or value are beyond the store's bounds.
    pub fn remember(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        self.tenant_state.kv().set(key, value, 0).map_err(|why| why.to_string())
    }

    /// Whose pool serves it: the tenant's own, or everybody's if the operator said `shared`.
    pub(crate) fn pool_tenant(&self) -> TenantId {
        pool_tenant(self.plugin.isolation(), self.tenant)
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Whose requests it sees.
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn tenant_state(&self) -> &Arc<TenantState> {
        &self.tenant_state
    }

    /// What its last fault for this tenant was, in words; none if it has had none.
    #[must_use]
    pub fn last_fault(&self) -> Option<String> {
        self.standing.state(Instant::now()).last_fault
    }

    /// The first call of a stream was answered: for the figures of a trial, to which a stream is one request.
    pub(crate) fn stream_answered(&self) {
        self.plugin.tally().stream();
    }

    /// Whether it may run for the tenant now.
    pub(crate) fn standing(&self) -> &PluginQuota {
        &self.standing
    }

    /// Its figures at a hook.
    pub(crate) fn stats(&self, hook: HookKind) -> &HookStats {
        let [policy, router, upstream_request, response, event, observe] = &self.stats;
        match hook {
            HookKind::Policy => policy,
            HookKind::Router => router,
            HookKind::UpstreamRequest => upstream_request,
            HookKind::Response => response,
            HookKind::Event => event,
            HookKind::Observe => observe,
        }
    }
}

/// Whose pool serves a tenant with this isolation.
pub(crate) fn pool_tenant(isolation: Isolation, tenant: TenantId) -> TenantId {
    match isolation {
        Isolation::Shared => TenantId::EVERY,
        Isolation::Tenant | Isolation::Request => tenant,
    }
}

/// The plugins of one tenant, by hook, in order. A plugin stands only at the hooks that it exports.
#[derive(Debug)]
pub struct Chain {
    tenant: TenantId,
    hooks: [Vec<Arc<Bound>>; HookKind::ALL.len()],
}

impl Chain {
    pub(crate) fn of(tenant: TenantId) -> Self {
        Self { tenant, hooks: Default::default() }
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn push(&mut self, bound: &Arc<Bound>) {
        for hook in bound.plugin.hooks() {
            if let Some(at) = self.hooks.get_mut(hook as usize) {
                at.push(Arc::clone(bound));
            }
        }
    }

    /// The plugins at a hook.
    #[must_use]
    pub fn at(&self, hook: HookKind) -> &[Arc<Bound>] {
        self.hooks.get(hook as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether any plugin runs at a hook for a model. If none does, nothing is copied or parsed for it.
    #[must_use]
    pub fn wants(&self, hook: HookKind, model: &str) -> bool {
        self.at(hook).iter().any(|bound| bound.applies_to(model))
    }

    /// The plugins that observe requests for a model and apply for one reason or the other.
    pub(crate) fn observers(&self, origin: Origin, model: &str) -> impl Iterator<Item = &Arc<Bound>> {
        self.at(HookKind::Observe).iter().filter(move |bound| bound.origin == origin && bound.applies_to(model))
    }

    /// Whether there are any of these.
    #[must_use]
    pub fn wants_observers(&self, origin: Origin, model: &str) -> bool {
        self.observers(origin, model).next().is_some()
    }

    /// Counts for each of these that it does not see a request.
    pub fn skip_observers(&self, origin: Origin, model: &str) {
        self.observers(origin, model).for_each(|bound| bound.stats(HookKind::Observe).skip());
    }

    /// Whether any plugin runs anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hooks.iter().all(Vec::is_empty)
    }
}
