//! From plugins that are ready to chains that serve: a new generation, if anything changed.

use super::{Library, Source, Wanted};
use crate::chain::{Bound, Chain, Chains};
use crate::hook::Hook;
use crate::host::Slots;
use crate::kv::Kv;
use crate::plugin::Plugin;
use std::sync::Arc;
use weir_config::Config;

impl Library {
    /// Drops what nobody asks for any more.
    pub(super) fn forget(&mut self, served: &[(Wanted, Arc<Plugin>)]) {
        self.good.retain(|place, _| served.iter().any(|(want, _)| want.place == *place));
        self.codes.retain(|hash, _| served.iter().any(|(_, plugin)| plugin.code().hash == *hash));
    }

    pub(super) fn publish(&mut self, config: &Config, served: &[(Wanted, Arc<Plugin>)]) {
        let mut now: Vec<_> = served
            .iter()
            .map(|(want, plugin)| (want.place.clone(), want.tenants.clone(), want.models.clone(), plugin.id()))
            .collect();
        // Tenants are part of what a generation is about: a new one has chains of its own.
        let tenants = config.tenants.iter().map(|t| t.name.clone()).collect();
        now.push(((Source::Named(String::new()), 0), tenants, Vec::new(), 0));
        if now == self.last {
            return;
        }
        self.last = now;
        let mut chains = Chains { generation: self.current.generation + 1, ..Chains::default() };
        chains.plugins = served.iter().map(|(_, plugin)| Arc::clone(plugin)).collect();
        for tenant in &config.tenants {
            let mut chain = Chain::default();
            let name: Arc<str> = tenant.name.as_str().into();
            for (want, plugin) in served {
                if want.tenants.is_empty() || want.tenants.contains(&tenant.name) {
                    chain.push(&Arc::new(self.bind(plugin, &name, &want.models)));
                }
            }
            chains.by_tenant.insert(name, Arc::new(chain));
        }
        self.current = Arc::new(chains);
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
