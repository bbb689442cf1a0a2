//! From plugins that are ready to chains that serve: a new generation, if anything changed.

use super::trial::Trial;
use super::{Library, Wanted};
use crate::chain::Origin;
use crate::chains::{ChainPlan, ChainStep, Chains, TenantChains};
use crate::plugin::LoadedPlugin;
use crate::source::PluginSource;
use crate::which::WhichBinding;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;
use weir_config::Config;

impl Library {
    /// Drops what nobody asks for any more.
    pub(super) fn forget(&mut self, config: &Config, served: &[(Wanted, Arc<LoadedPlugin>)]) {
        let wanted: HashSet<_> = served.iter().map(|(want, _)| &want.place).collect();
        self.good.retain(|place, _| wanted.contains(place));
        self.trials.retain(|place, _| wanted.contains(place));
        let tenants: HashSet<&str> = config.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        self.refused.keep_tenants(|tenant| tenants.contains(tenant));
        let sources: HashSet<_> = wanted.iter().map(|(source, _)| source).collect();
        self.vouched.retain(|source, _| sources.contains(source));
        let kept: HashSet<u64> = self
            .good
            .values()
            .chain(self.trials.values().map(|trial| &trial.plugin))
            .map(|plugin| plugin.id())
            .chain(self.starts.numbers())
            .collect();
        self.schemas.retain(|plugin, _| kept.contains(plugin));
        let trials = self.trials.values().map(|trial| &trial.plugin);
        let serving: HashSet<_> =
            served.iter().map(|(_, plugin)| plugin).chain(trials).map(|plugin| plugin.code().hash).collect();
        let now = Instant::now();
        // What was loaded and cannot serve is gone like what served.
        self.gone.loaded(self.codes.keys().copied().collect(), now);
        // What was asked for may serve with the next file that is done.
        self.codes.retain(|hash, _| serving.contains(hash) || self.wanted.contains(hash));
        self.gone.loaded(self.codes.keys().copied().collect(), now);
        self.keep_gone = config.metrics.keep_removed;
        self.sweep(now);
    }

    /// Whether compiled code is kept of files that serve no more: [`sweep`](Self::sweep) wants to be called every while.
    #[must_use]
    pub fn has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Takes away the compiled code of files that have served no more for as long as `metrics.keep_removed`.
    pub fn sweep(&mut self, now: Instant) {
        for file in self.gone.over(now, self.keep_gone) {
            if let Some(cache) = &self.cache {
                cache.forget(&file);
            }
        }
    }

    pub(super) fn publish(&mut self, config: &Config, served: &[(Wanted, Arc<LoadedPlugin>)], closed: &[Arc<str>]) {
        let mut now: Vec<_> = served
            .iter()
            .map(|(want, plugin)| (want.place.clone(), want.tenants.clone(), want.models.clone(), plugin.id()))
            .collect();
        let trials = served.iter().filter_map(|(want, _)| Some((want, self.trials.get(&want.place)?)));
        now.extend(trials.map(|(want, trial)| (want.place.clone(), Vec::new(), Vec::new(), trial.plugin.id())));
        // Tenants are part of what a generation is about: a new one has chains of its own.
        let tenants = config.tenants.iter().map(|t| t.name.clone()).collect();
        now.push(((PluginSource::Named(String::new()), WhichBinding::Nth(0)), tenants, Vec::new(), 0));
        let shut = closed.iter().map(|tenant| tenant.to_string()).collect();
        now.push(((PluginSource::Named(String::new()), WhichBinding::Nth(1)), shut, Vec::new(), 0));
        if now == self.last {
            return;
        }
        self.last = now;
        let mut chains = Chains { generation: self.current.generation + 1, ..Chains::default() };
        chains.plugins = served.iter().map(|(_, plugin)| Arc::clone(plugin)).collect();
        chains.sources = served.iter().map(|(want, _)| want.place.0.clone()).collect();
        chains.by_tenant = self.by_tenant(config, served, closed);
        chains.closed = closed.to_vec();
        chains.on_trial =
            served.iter().filter_map(|(want, _)| Some(self.trials.get(&want.place)?.on_trial())).collect();
        self.current = Arc::new(chains);
    }

    /// What applies to each tenant. Those to whom nothing applies but what does to everybody share one list.
    fn by_tenant(
        &self,
        config: &Config,
        served: &[(Wanted, Arc<LoadedPlugin>)],
        closed: &[Arc<str>],
    ) -> HashMap<Arc<str>, Arc<TenantChains>> {
        let closed: HashSet<&str> = closed.iter().map(|tenant| &**tenant).collect();
        let steps: Vec<ChainStep> = served.iter().map(|(want, plugin)| self.step(want, plugin)).collect();
        let everybodys: Vec<usize> = (0..served.len()).filter(|n| is_everybodys(served, *n)).collect();
        let mut own: HashMap<&str, Vec<usize>> = HashMap::new();
        for (n, (want, _)) in served.iter().enumerate() {
            want.tenants.iter().for_each(|tenant| own.entry(tenant).or_default().push(n));
        }
        let plan = |places: &[usize]| ChainPlan::new(places.iter().filter_map(|n| steps.get(*n).cloned()).collect());
        let shared = plan(&everybodys);
        let of = |tenant: &weir_config::TenantConfig| {
            let name: Arc<str> = tenant.name.as_str().into();
            let chains = match own.get(tenant.name.as_str()) {
                None => TenantChains::new(&name, &shared, &self.sandbox),
                Some(own) => {
                    let mut places = [everybodys.as_slice(), own].concat();
                    places.sort_unstable();
                    TenantChains::new(&name, &plan(&places), &self.sandbox)
                }
            };
            let is_closed = closed.contains(&*name);
            (name, Arc::new(chains.closed(is_closed)))
        };
        config.tenants.iter().map(of).collect()
    }

    fn step(&self, want: &Wanted, plugin: &Arc<LoadedPlugin>) -> ChainStep {
        let trial = self.trials.get(&want.place).map(Trial::share);
        let origin = match want.place.0 {
            PluginSource::Named(_) => Origin::Chain,
            PluginSource::All(_) | PluginSource::Tenant(..) | PluginSource::Folder(_) => Origin::Dropped,
        };
        ChainStep { plugin: Arc::clone(plugin), trial, models: want.models.as_slice().into(), origin }
    }
}

fn is_everybodys(served: &[(Wanted, Arc<LoadedPlugin>)], n: usize) -> bool {
    served.get(n).is_some_and(|(want, _)| want.tenants.is_empty())
}
