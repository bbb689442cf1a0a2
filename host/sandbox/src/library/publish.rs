//! From plugins that are ready to chains that serve: a new generation, if anything changed.

use super::{Library, Wanted};
use crate::chain::{Bound, Chain, Chains};
use crate::hook::Hook;
use crate::host::Slots;
use crate::kv::Kv;
use crate::plugin::Plugin;
use crate::source::Source;
use std::sync::Arc;
use weir_config::Config;

impl Library {
    /// Drops what nobody asks for any more.
    pub(super) fn forget(&mut self, served: &[(Wanted, Arc<Plugin>)]) {
        self.good.retain(|place, _| served.iter().any(|(want, _)| want.place == *place));
        self.trials.retain(|place, _| served.iter().any(|(want, _)| want.place == *place));
        self.rolled_back.retain(|place, _| served.iter().any(|(want, _)| want.place == *place));
        let serving = |hash: &blake3::Hash| {
            let trials = self.trials.values().map(|trial| &trial.plugin);
            served.iter().map(|(_, plugin)| plugin).chain(trials).any(|plugin| plugin.code().hash == *hash)
        };
        self.codes.retain(|hash, _| serving(hash));
    }

    pub(super) fn publish(&mut self, config: &Config, served: &[(Wanted, Arc<Plugin>)]) {
        let mut now: Vec<_> = served
            .iter()
            .map(|(want, plugin)| (want.place.clone(), want.tenants.clone(), want.models.clone(), plugin.id()))
            .collect();
        let trials = served.iter().filter_map(|(want, _)| Some((want, self.trials.get(&want.place)?)));
        now.extend(trials.map(|(want, trial)| (want.place.clone(), Vec::new(), Vec::new(), trial.plugin.id())));
        // Tenants are part of what a generation is about: a new one has chains of its own.
        let tenants = config.tenants.iter().map(|t| t.name.clone()).collect();
        now.push(((Source::Named(String::new()), 0), tenants, Vec::new(), 0));
        if now == self.last {
            return;
        }
        self.last = now;
        let mut chains = Chains { generation: self.current.generation + 1, ..Chains::default() };
        chains.plugins = served.iter().map(|(_, plugin)| Arc::clone(plugin)).collect();
        chains.sources = served.iter().map(|(want, _)| want.place.0.clone()).collect();
        for tenant in &config.tenants {
            let name: Arc<str> = tenant.name.as_str().into();
            let (chain, canary) = self.chains_of(&name, served);
            chains.by_tenant.insert(Arc::clone(&name), Arc::new(chain));
            if let Some((chain, percent)) = canary {
                chains.canaries.insert(name, (Arc::new(chain), percent));
            }
        }
        chains.on_trial = self.trials.values().map(|trial| (Arc::clone(&trial.plugin), trial.rules.percent)).collect();
        self.current = Arc::new(chains);
    }

    /// The chain of a tenant, and the one with every new version on trial in the place of the old one. A request sees one
    /// or the other; the share is the smallest that any of them asks for.
    fn chains_of(&mut self, tenant: &Arc<str>, served: &[(Wanted, Arc<Plugin>)]) -> (Chain, Option<(Chain, u8)>) {
        let (mut chain, mut canary, mut percent) = (Chain::default(), Chain::default(), None);
        for (want, plugin) in served {
            if !want.tenants.is_empty() && !want.tenants.iter().any(|name| **name == **tenant) {
                continue;
            }
            let bound = Arc::new(self.bind(plugin, tenant, &want.models));
            chain.push(&bound);
            let trial = self.trials.get(&want.place).map(|trial| (Arc::clone(&trial.plugin), trial.rules.percent));
            match trial {
                None => canary.push(&bound),
                Some((new, share)) => {
                    canary.push(&Arc::new(self.bind(&new, tenant, &want.models)));
                    percent = Some(percent.map_or(share, |least: u8| least.min(share)));
                }
            }
        }
        (chain, percent.map(|percent| (canary, percent)))
    }

    fn bind(&mut self, plugin: &Arc<Plugin>, tenant: &Arc<str>, models: &[String]) -> Bound {
        let id = self.sandbox.tenants().id(tenant);
        let meter = self.sandbox.meter();
        let limits = &plugin.settings().limits;
        // New bounds make a new store; what it holds is not durable.
        let store = self.stores.entry((Arc::clone(plugin.name()), id, limits.kv_entries, limits.kv_ttl));
        let kv = Arc::clone(store.or_insert_with(|| Arc::new(Kv::new(limits.kv_entries, limits.kv_ttl))));
        let counters = meter.counters(plugin.name(), tenant);
        let slots = Arc::new(Slots { tenant: Arc::clone(tenant), counters, kv });
        let stats = Hook::ALL.map(|hook| match plugin.has(hook) {
            true => meter.stats(plugin.name(), hook, tenant),
            false => Arc::default(),
        });
        Bound::new(Arc::clone(plugin), id, models.to_vec(), slots, stats)
    }
}
