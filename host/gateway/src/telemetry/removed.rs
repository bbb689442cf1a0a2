//! What was kept of tenants, models, providers and plugins that the configuration no longer has: figures are shown for
//! `metrics.keep_removed` after the last of it is settled, so that every scraper has seen them, and then let go, with whatever
//! else is kept of a plugin or a tenant. Prometheus takes a counter that comes back later, from zero, for what it is: one that
//! began anew.

use crate::worker::Shared;
use crate::worker::snapshot::Snapshot;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use weir_sandbox::{LoadedPlugin, Needed, OnTrial};
use weir_series::OTHER;

/// The names of what serves, as they were at the last look.
#[derive(Debug, Default)]
pub(crate) struct ServingNames(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Whose they are. No old snapshot is kept alive by that.
    of: Weak<Snapshot>,
    tenants: HashSet<String>,
    models: HashSet<String>,
    providers: HashSet<String>,
    plugins: Needed,
}

impl ServingNames {
    /// Lets go of what nobody has needed for long enough. Called at each scrape, and every some seconds for where nobody
    /// scrapes.
    pub(crate) fn let_go(&self, shared: &Shared) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let serving = shared.snapshot.load_full();
        if !std::ptr::eq(known.of.as_ptr(), Arc::as_ptr(&serving)) {
            *known = Known::of(&serving);
        }
        let time = (Instant::now(), serving.config.metrics.keep_removed);
        let (tenant, model) = (|name: &str| is_in(&known.tenants, name), |name: &str| is_in(&known.models, name));
        shared.stats.let_go(tenant, model, time);
        let of_ledger = |t: &str, m: &str, p: &str| tenant(t) && model(m) && is_in(&known.providers, p);
        shared.ledger.let_go(of_ledger, time);
        plugins(&serving).for_each(|plugin| plugin.forget_standings(tenant));
        shared.sandbox.let_go(&known.plugins, time);
    }
}

impl Known {
    fn of(serving: &Arc<Snapshot>) -> Self {
        let config = &serving.config;
        let tenants = || config.tenants.iter().map(|tenant| tenant.name.clone());
        Self {
            tenants: tenants().collect(),
            models: config.models.iter().map(|model| model.name.clone()).collect(),
            providers: config.providers.iter().map(|provider| provider.name.clone()).collect(),
            plugins: Needed::new(plugins(serving), tenants()),
            of: Arc::downgrade(serving),
        }
    }
}

/// All that serve, and those on trial.
fn plugins(serving: &Snapshot) -> impl Iterator<Item = &Arc<LoadedPlugin>> {
    serving.chains.plugins().iter().chain(serving.chains.on_trial().iter().map(OnTrial::new_version))
}

/// Whether a label may come up again. What is not known of a request, and what found no room, always may.
fn is_in(names: &HashSet<String>, label: &str) -> bool {
    label.is_empty() || label == OTHER || names.contains(label)
}
