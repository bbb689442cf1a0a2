//! Which plugins apply to whom. What applies is known for every tenant when a generation is built; what a plugin keeps for a
//! tenant is made when that tenant's first request comes, so that tenants who ask nothing cost next to nothing.

use crate::chain::{Bound, Chain, Origin, pool_tenant};
use crate::engine::Sandbox;
use crate::guest_state::TenantState;
use crate::hook::HookKind;
use crate::kv::StoreKey;
use crate::lots::{self, Lots};
use crate::meter::tally::Counted;
use crate::plugin::LoadedPlugin;
use crate::source::PluginSource;
use crate::trust::Trust;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use weir_config::Plugins;

/// One plugin that applies, to requests for some models or for all.
#[derive(Debug, Clone)]
pub(crate) struct ChainStep {
    pub(crate) plugin: Arc<LoadedPlugin>,
    /// A new version on trial in its place, and the percentage of requests that see it.
    pub(crate) trial: Option<(Arc<LoadedPlugin>, u8)>,
    pub(crate) models: Arc<[String]>,
    pub(crate) origin: Origin,
}

/// The plugins that apply to a tenant, in order: one list for all tenants to whom the same ones do.
#[derive(Debug, Clone)]
pub(crate) struct ChainPlan {
    steps: Arc<[ChainStep]>,
    /// Which of the versions on trial a request sees; none without a trial.
    lots: Option<Arc<Lots>>,
}

impl ChainPlan {
    pub(crate) fn new(steps: Vec<ChainStep>) -> Self {
        let shares = steps.iter().enumerate().filter_map(|(n, step)| Some((n, step.trial.as_ref()?.1)));
        let lots = Lots::of(shares).map(Arc::new);
        Self { steps: steps.into(), lots }
    }
}

/// What applies to one tenant.
#[derive(Debug)]
pub struct TenantChains {
    tenant: Arc<str>,
    plan: ChainPlan,
    /// Whether something that is meant to apply to the tenant has never been had.
    closed: bool,
    sandbox: Arc<Sandbox>,
    chain: OnceLock<Arc<Chain>>,
    /// The same with versions on trial, one for each set of them that requests can see together.
    trials: Box<[OnceLock<Arc<Chain>>]>,
}

impl TenantChains {
    pub(crate) fn new(tenant: &Arc<str>, plan: &ChainPlan, sandbox: &Arc<Sandbox>) -> Self {
        let sets = plan.lots.as_ref().map_or(0, |lots| lots.sets().len());
        Self {
            tenant: Arc::clone(tenant),
            plan: plan.clone(),
            closed: false,
            sandbox: Arc::clone(sandbox),
            chain: OnceLock::new(),
            trials: (0..sets).map(|_| OnceLock::new()).collect(),
        }
    }

    pub(crate) fn closed(self, closed: bool) -> Self {
        Self { closed, ..self }
    }

    /// Whether the tenant is not to be served: something that is meant to apply to it has never been had.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The plugins that serve, bound to the tenant. The first look binds them, for all threads, and takes locks for that.
    pub fn chain(&self) -> &Arc<Chain> {
        self.chain.get_or_init(|| Arc::new(self.with_trials(&[])))
    }

    /// The chain for a request, by its id: each new version on trial is in the chains of as many of a hundred ids as its
    /// trial says, whatever other trials there are. The id decides by a hash, so that requests which come in turn are not
    /// sorted by their kind.
    pub fn draw(&self, request_id: &str) -> &Arc<Chain> {
        let Some(lots) = &self.plan.lots else { return self.chain() };
        self.seeing_trials(lots, request_id).unwrap_or_else(|| self.chain())
    }

    fn seeing_trials(&self, lots: &Lots, request_id: &str) -> Option<&Arc<Chain>> {
        let set = lots.draw(lots::hash(request_id.as_bytes()))?;
        let steps = lots.sets().get(set)?;
        let is_condemned = |n: &usize| {
            let new = self.plan.steps.get(*n).and_then(|step| step.trial.as_ref());
            new.is_some_and(|(new, _)| new.tally().is_condemned())
        };
        // Its trial is ended in a moment, and until then nobody need see it.
        if steps.iter().any(is_condemned) {
            return None;
        }
        Some(self.trials.get(set)?.get_or_init(|| Arc::new(self.with_trials(steps))))
    }

    /// The chain in which these steps have their new version in the place of the old one.
    fn with_trials(&self, steps: &[usize]) -> Chain {
        let mut chain = Chain::of(self.sandbox.tenants().id(&self.tenant));
        for (n, step) in self.plan.steps.iter().enumerate() {
            let new = step.trial.as_ref().filter(|_| steps.contains(&n));
            chain.push(&self.bind(new.map_or(&step.plugin, |(new, _)| new), step));
        }
        chain
    }

    fn bind(&self, plugin: &Arc<LoadedPlugin>, step: &ChainStep) -> Arc<Bound> {
        let tenant = self.sandbox.tenants().id(&self.tenant);
        let meter = self.sandbox.meter();
        let limits = &plugin.settings().limits;
        // New bounds make a new store; what it holds is not durable.
        let key =
            StoreKey { plugin: Arc::clone(plugin.name()), tenant, entries: limits.kv_entries, longest: limits.kv_ttl };
        let counters = meter.counters(plugin.name(), &self.tenant);
        let account = self.sandbox.shares().account(pool_tenant(plugin.isolation(), tenant));
        let quota = self.sandbox.quotas().of(plugin.name(), tenant, plugin.is_tenants_own());
        let stores = (self.sandbox.stores(), key);
        let tenant_state =
            Arc::new(TenantState::new(&self.tenant, (counters, account), stores, (quota, limits.log_rate)));
        let stats = HookKind::ALL.map(|hook| match plugin.has(hook) {
            true => meter.stats(plugin.name(), hook, &self.tenant),
            false => meter.nobody(),
        });
        Arc::new(Bound::new(Arc::clone(plugin), (tenant, step.origin), Arc::clone(&step.models), tenant_state, stats))
    }
}

/// One generation of bindings: what applies to every tenant, swapped as a whole.
#[derive(Debug, Default)]
pub struct Chains {
    /// Counts up by one with each change that goes live; 0 before the first.
    pub generation: u64,
    pub(crate) by_tenant: HashMap<Arc<str>, Arc<TenantChains>>,
    pub(crate) plugins: Vec<Arc<LoadedPlugin>>,
    /// Where each of them stands.
    pub(crate) sources: Vec<PluginSource>,
    pub(crate) on_trial: Vec<OnTrial>,
    pub(crate) closed: Vec<Arc<str>>,
}

/// A new version on trial beside the one that serves.
#[derive(Debug)]
pub struct OnTrial {
    old: Arc<LoadedPlugin>,
    new: Arc<LoadedPlugin>,
    percent: u8,
    before: (Counted, Counted),
}

impl OnTrial {
    pub(crate) fn new(
        old: &Arc<LoadedPlugin>,
        new: &Arc<LoadedPlugin>,
        percent: u8,
        before: (Counted, Counted),
    ) -> Self {
        Self { old: Arc::clone(old), new: Arc::clone(new), percent, before }
    }

    /// The version that serves the other requests.
    #[must_use]
    pub fn old(&self) -> &Arc<LoadedPlugin> {
        &self.old
    }

    /// The version on trial.
    #[must_use]
    pub fn new_version(&self) -> &Arc<LoadedPlugin> {
        &self.new
    }

    /// How many of a hundred requests see it.
    #[must_use]
    pub fn percent(&self) -> u8 {
        self.percent
    }

    /// What either version has done since the trial began: the old one and the new one.
    #[must_use]
    pub fn counted(&self) -> (Counted, Counted) {
        let (old, new) = &self.before;
        (self.old.tally().counted().since(old), self.new.tally().counted().since(new))
    }
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

    /// New versions on trial, in binding order.
    #[must_use]
    pub fn on_trial(&self) -> &[OnTrial] {
        &self.on_trial
    }

    /// The tenants that are not to be served, in the order of the configuration: something that is meant to apply to them has
    /// never been had.
    #[must_use]
    pub fn closed(&self) -> &[Arc<str>] {
        &self.closed
    }

    /// Has those plugins called, versions on trial included, for which somebody vouches whom a configuration trusts, and no
    /// others: at once, also by requests that are under way. Answers the names of those that were called until now.
    pub fn trust(&self, plugins: &Plugins) -> Vec<Arc<str>> {
        // A key that is none is said when the configuration is built.
        let Ok(trust) = Trust::read(plugins) else { return Vec::new() };
        let all = self.plugins.iter().chain(self.on_trial.iter().map(OnTrial::new_version));
        all.filter(|plugin| plugin.judge(&trust)).map(|plugin| Arc::clone(plugin.name())).collect()
    }

    /// Every plugin in service, in binding order.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<LoadedPlugin>] {
        &self.plugins
    }

    /// The same, each with where its file stands.
    pub fn bound(&self) -> impl Iterator<Item = (&PluginSource, &Arc<LoadedPlugin>)> {
        self.sources.iter().zip(&self.plugins)
    }
}
