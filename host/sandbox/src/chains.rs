//! Which plugins apply to whom. What applies is known for every tenant when a generation is built; what a plugin keeps for a
//! tenant is made when that tenant's first request comes, so that tenants who ask nothing cost next to nothing.

use crate::chain::{Bound, Chain};
use crate::engine::Sandbox;
use crate::hook::Hook;
use crate::host::Slots;
use crate::kv::StoreKey;
use crate::plugin::Plugin;
use crate::source::Source;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// One plugin that applies, to requests for some models or for all.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) plugin: Arc<Plugin>,
    /// A new version on trial in its place, and the percentage of requests that see it.
    pub(crate) trial: Option<(Arc<Plugin>, u8)>,
    pub(crate) models: Arc<[String]>,
}

/// The plugins that apply to a tenant, in order: one list for all tenants to whom the same ones do.
pub(crate) type Plan = Arc<[Step]>;

/// What applies to one tenant.
#[derive(Debug)]
pub struct TenantChains {
    tenant: Arc<str>,
    plan: Plan,
    /// How many of a hundred requests see new versions: the smallest share that any of them asks for; none without a trial.
    percent: Option<u8>,
    sandbox: Arc<Sandbox>,
    chain: OnceLock<Arc<Chain>>,
    canary: OnceLock<Arc<Chain>>,
}

impl TenantChains {
    pub(crate) fn new(tenant: &Arc<str>, plan: &Plan, sandbox: &Arc<Sandbox>) -> Self {
        Self {
            tenant: Arc::clone(tenant),
            plan: Arc::clone(plan),
            percent: plan.iter().filter_map(|step| Some(step.trial.as_ref()?.1)).min(),
            sandbox: Arc::clone(sandbox),
            chain: OnceLock::new(),
            canary: OnceLock::new(),
        }
    }

    /// The plugins that serve, bound to the tenant. The first look binds them, for all threads, and takes locks for that.
    pub fn chain(&self) -> &Arc<Chain> {
        self.chain.get_or_init(|| {
            let mut chain = Chain::default();
            self.plan.iter().for_each(|step| chain.push(&self.bind(&step.plugin, &step.models)));
            Arc::new(chain)
        })
    }

    /// The same with every new version on trial in the place of the old one.
    fn canary(&self) -> &Arc<Chain> {
        self.canary.get_or_init(|| {
            let mut chain = Chain::default();
            for step in &*self.plan {
                let plugin = step.trial.as_ref().map_or(&step.plugin, |(new, _)| new);
                chain.push(&self.bind(plugin, &step.models));
            }
            Arc::new(chain)
        })
    }

    /// The chain for a request: it sees the new versions or the old ones. `dice` is a number from 0 to 99: while there is a
    /// trial, the lowest of them take its chain.
    pub fn draw(&self, dice: impl FnOnce() -> u8) -> &Arc<Chain> {
        match self.percent {
            Some(percent) if dice() < percent => self.canary(),
            _ => self.chain(),
        }
    }

    fn bind(&self, plugin: &Arc<Plugin>, models: &Arc<[String]>) -> Arc<Bound> {
        let tenant = self.sandbox.tenants().id(&self.tenant);
        let meter = self.sandbox.meter();
        let limits = &plugin.settings().limits;
        // New bounds make a new store; what it holds is not durable.
        let key =
            StoreKey { plugin: Arc::clone(plugin.name()), tenant, entries: limits.kv_entries, longest: limits.kv_ttl };
        let counters = meter.counters(plugin.name(), &self.tenant);
        let slots = Arc::new(Slots::new(&self.tenant, counters, (self.sandbox.stores(), key)));
        let stats = Hook::ALL.map(|hook| match plugin.has(hook) {
            true => meter.stats(plugin.name(), hook, &self.tenant),
            false => meter.nobody(),
        });
        Arc::new(Bound::new(Arc::clone(plugin), tenant, Arc::clone(models), slots, stats))
    }
}

/// One generation of bindings: what applies to every tenant, swapped as a whole.
#[derive(Debug, Default)]
pub struct Chains {
    /// Counts up by one with each change that goes live; 0 before the first.
    pub generation: u64,
    pub(crate) by_tenant: HashMap<Arc<str>, Arc<TenantChains>>,
    pub(crate) plugins: Vec<Arc<Plugin>>,
    /// Where each of them stands.
    pub(crate) sources: Vec<Source>,
    pub(crate) on_trial: Vec<(Arc<Plugin>, u8)>,
}

impl Chains {
    /// What applies to a tenant; none if the tenant is not known to this generation.
    #[must_use]
    pub fn of_tenant(&self, tenant: &str) -> Option<&Arc<TenantChains>> {
        self.by_tenant.get(tenant)
    }

    /// The chain of a tenant; none if the tenant is not known to this generation.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Option<&Arc<Chain>> {
        self.by_tenant.get(tenant).map(|chains| chains.chain())
    }

    /// New versions on trial, each with the percentage of requests that see it.
    #[must_use]
    pub fn on_trial(&self) -> &[(Arc<Plugin>, u8)] {
        &self.on_trial
    }

    /// Every plugin in service, in binding order.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The same, each with where its file stands.
    pub fn bound(&self) -> impl Iterator<Item = (&Source, &Arc<Plugin>)> {
        self.sources.iter().zip(&self.plugins)
    }
}
