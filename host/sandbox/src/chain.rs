//! The plugins of one tenant: for each hook, in order.

use crate::hook::Hook;
use crate::host::Slots;
use crate::meter::HookStats;
use crate::plugin::Plugin;
use crate::standing::Standing;
use crate::tenant::TenantId;
use std::sync::Arc;
use std::time::Instant;
use weir_config::{Isolation, glob};

/// A plugin bound to a tenant.
#[derive(Debug)]
pub struct Bound {
    plugin: Arc<Plugin>,
    tenant: TenantId,
    models: Arc<[String]>,
    slots: Arc<Slots>,
    stats: [Arc<HookStats>; Hook::ALL.len()],
    standing: Arc<Standing>,
}

impl Bound {
    pub(crate) fn new(
        plugin: Arc<Plugin>,
        tenant: TenantId,
        models: Arc<[String]>,
        slots: Arc<Slots>,
        stats: [Arc<HookStats>; Hook::ALL.len()],
    ) -> Self {
        let standing = plugin.standing(&slots.tenant, &slots.counters);
        Self { plugin, tenant, models, slots, stats, standing }
    }

    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &Arc<Plugin> {
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
        self.slots.kv().set(key, value, 0).map_err(|why| why.to_string())
    }

    /// Whose pool serves it: the tenant's own, or everybody's if the operator said `shared`.
    pub(crate) fn pool_tenant(&self) -> TenantId {
        match self.plugin.isolation() {
            Isolation::Shared => TenantId::EVERY,
            Isolation::Tenant | Isolation::Request => self.tenant,
        }
    }

    pub(crate) fn slots(&self) -> &Arc<Slots> {
        &self.slots
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
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Its figures at a hook.
    pub(crate) fn stats(&self, hook: Hook) -> &HookStats {
        let [policy, router, upstream_request, response, event, observe] = &self.stats;
        match hook {
            Hook::Policy => policy,
            Hook::Router => router,
            Hook::UpstreamRequest => upstream_request,
            Hook::Response => response,
            Hook::Event => event,
            Hook::Observe => observe,
        }
    }
}

/// The plugins of one tenant, by hook, in order. A plugin stands only at the hooks that it exports.
#[derive(Debug, Default)]
pub struct Chain {
    hooks: [Vec<Arc<Bound>>; Hook::ALL.len()],
}

impl Chain {
    pub(crate) fn push(&mut self, bound: &Arc<Bound>) {
        for hook in bound.plugin.hooks() {
            if let Some(at) = self.hooks.get_mut(hook as usize) {
                at.push(Arc::clone(bound));
            }
        }
    }

    /// The plugins at a hook.
    #[must_use]
    pub fn at(&self, hook: Hook) -> &[Arc<Bound>] {
        self.hooks.get(hook as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether any plugin runs at a hook for a model. If none does, nothing is copied or parsed for it.
    #[must_use]
    pub fn wants(&self, hook: Hook, model: &str) -> bool {
        self.at(hook).iter().any(|bound| bound.applies_to(model))
    }

    /// Whether any plugin runs anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hooks.iter().all(Vec::is_empty)
    }
}
