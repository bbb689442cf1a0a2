//! What a request is served by: configuration, tenants, chains and upstreams of one moment, swapped as a whole.

use crate::worker::model_list::{ListedModel, model_info, model_list};
use crate::worker::provider::{Provider, TargetUris};
use crate::worker::via::Via;
use bytes::Bytes;
use http::HeaderValue;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use weir_config::{Config, ModelFact, Price, ProviderKind, not_asked_yet};
use weir_dialect::WireFormat;
use weir_sandbox::{Chain, Chains, TenantChains};
use weir_tenancy::{Caller, Tenant, Tenants};
use weir_upstream::RetryBudget;
use weir_upstream::{HostNames, ModelHealth, Upstream};

/// A provider's model that can answer for one of ours.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) provider: usize,
    pub(crate) model: Arc<str>,
    pub(crate) price: Price,
    /// The most tokens that it can write, where that is known.
    pub(crate) max_output: Option<u64>,
    pub(crate) health: Arc<ModelHealth>,
    /// `provider/model`, as the response header shows who answered.
    pub(crate) label: HeaderValue,
    pub(crate) uris: TargetUris,
}

/// A model as clients name it. What is kept of it between requests is here: each reload makes it anew, but for the health of
/// its targets.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: Arc<str>,
    pub(crate) targets: Vec<Target>,
    /// What is left for further attempts.
    pub(crate) budget: RetryBudget,
    /// What is known of it.
    fact: ModelFact,
}

impl Model {
    /// The same with all of its budget for further attempts.
    fn afresh(&self, retry_budget: u32) -> Self {
        let (name, targets) = (Arc::clone(&self.name), self.targets.clone());
        Self { name, targets, budget: RetryBudget::new(retry_budget), fact: self.fact }
    }
}

/// One moment's whole.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Arc<Config>,
    pub(crate) tenants: Tenants,
    pub(crate) chains: Arc<Chains>,
    pub(crate) providers: Vec<Provider>,
    /// What this gateway is called among others.
    pub(crate) via: Via,
    /// Chains by the tenant's index.
    by_tenant: Vec<Option<Arc<TenantChains>>>,
    models: Vec<Model>,
    /// The index of a model among `models`. Names are the operator's, so nobody else can make them collide.
    names: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
}

impl Snapshot {
    /// Puts a snapshot together, of a size that grows with the configuration and not with what its parts could do with
    /// one another. What has not changed since `previous` is taken over: counters of tenants, and upstreams with their
    /// connections.
    ///
    /// # Errors
    /// A text for the operator, if an upstream cannot be made (a CA file that does not parse, for example).
    pub(crate) fn build(
        config: Arc<Config>,
        chains: Arc<Chains>,
        previous: Option<&Snapshot>,
        (demo, hosts): (Option<SocketAddr>, &HostNames),
    ) -> Result<Self, String> {
        let tenants = Tenants::build(&config, previous.map(|p| &p.tenants));
        let providers =
            config.providers.iter().map(|p| provider(p, previous, demo, hosts)).collect::<Result<Vec<_>, _>>()?;
        let budget = config.limits.retry_budget;
        let models = config.models.iter().map(|m| model(m, &providers, budget)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::assemble(config, tenants, chains, (providers, models)))
    }

    /// The same with less: `config` differs from this one's in that tenants, keys and models were taken out of it. Nothing
    /// is made for it that could fail or take long.
    pub(crate) fn narrowed(&self, config: Arc<Config>) -> Self {
        let tenants = Tenants::build(&config, Some(&self.tenants));
        let budget = config.limits.retry_budget;
        let left = |m: &weir_config::ModelConfig| self.model(self.find(&m.name)?).map(|model| model.afresh(budget));
        let models = config.models.iter().filter_map(left).collect();
        Self::assemble(config, tenants, Arc::clone(&self.chains), (self.providers.clone(), models))
    }

    fn assemble(
        config: Arc<Config>,
        tenants: Tenants,
        chains: Arc<Chains>,
        (providers, models): (Vec<Provider>, Vec<Model>),
    ) -> Self {
        let names: Vec<Arc<str>> = tenants.iter().map(|t| Arc::clone(&t.name)).collect();
        let by_tenant = names.iter().map(|name| chains.of_tenant(name).cloned()).collect();
        let names = models.iter().enumerate().map(|(index, m)| (m.name.as_ref().into(), index)).collect();
        let via = Via::new(&config.server.name);
        Self { config, tenants, chains, providers, via, by_tenant, models, names }
    }

    /// The index of the model that clients call by this name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// A model by its index.
    pub(crate) fn model(&self, index: usize) -> Option<&Model> {
        self.models.get(index)
    }

    /// The plugins of a tenant of this snapshot; none if the generation of chains is older than the tenant.
    ///
    /// The request's id decides which versions on trial it sees.
    pub(crate) fn chain(&self, tenant: &Tenant, request_id: &str) -> Option<&Arc<Chain>> {
        Some(self.by_tenant.get(tenant.index)?.as_ref()?.draw(request_id))
    }

    /// Whether a tenant is not served, for a plugin that is meant to apply to it has never loaded.
    pub(crate) fn is_closed(&self, tenant: &Tenant) -> bool {
        self.by_tenant.get(tenant.index).and_then(Option::as_ref).is_some_and(|chains| chains.is_closed())
    }

    /// Whether nobody at all is served for that reason.
    pub(crate) fn is_shut(&self) -> bool {
        let is_closed = |chains: &Option<Arc<TenantChains>>| chains.as_ref().is_some_and(|chains| chains.is_closed());
        !self.by_tenant.is_empty() && self.by_tenant.iter().all(is_closed)
    }

    /// The models that a caller may use, listed in its dialect.
    pub(crate) fn list(&self, caller: &Caller, wire: WireFormat) -> Bytes {
        let models = self.models.iter().filter(|model| caller.may_use(&model.name));
        model_list(wire, models.map(|model| self.listed(model)))
    }

    /// One model in a caller's dialect; none if there is no such model, or not for this caller.
    pub(crate) fn show(&self, caller: &Caller, name: &str, wire: WireFormat) -> Option<Bytes> {
        let model = self.model(self.find(name)?).filter(|_| caller.may_use(name))?;
        Some(model_info(wire, &self.listed(model)))
    }

    fn listed<'m>(&'m self, model: &'m Model) -> ListedModel<'m> {
        let owner = model.targets.first().and_then(|target| self.providers.get(target.provider));
        ListedModel { name: &model.name, owner: owner.map_or("weir", |provider| &provider.name), fact: model.fact }
    }
}

fn provider(
    from: &weir_config::ProviderConfig,
    previous: Option<&Snapshot>,
    demo: Option<SocketAddr>,
    hosts: &HostNames,
) -> Result<Provider, String> {
    let kept = previous.and_then(|p| p.providers.iter().find(|old| old.upstream.is_made_from(from)));
    let named = previous.and_then(|p| p.providers.iter().find(|old| *old.name == *from.name)).map(|old| &*old.upstream);
    let address = demo.filter(|_| from.kind == ProviderKind::Demo);
    let upstream = match kept {
        Some(old) => Arc::clone(&old.upstream),
        None => {
            Upstream::in_place_of(named, from, address, hosts).map_err(|e| format!("providers.{}: {e}", from.name))?
        }
    };
    if let ProviderKind::Listed(row) = from.kind
        && let Some(why) = not_asked_yet(row)
    {
        // The configuration has refused it before.
        return Err(format!("providers.{}: {why}", from.name));
    }
    let lost = kept.map(|old| Arc::clone(&old.lost)).unwrap_or_default();
    Ok(Provider::new(from, upstream, lost))
}

fn model(from: &weir_config::ModelConfig, providers: &[Provider], retry_budget: u32) -> Result<Model, String> {
    let target = |t: &weir_config::TargetConfig| {
        let provider = providers.get(t.provider)?;
        let label = HeaderValue::from_str(&format!("{}/{}", provider.name, t.model));
        let uris = TargetUris::new(provider, &t.model);
        Some(uris.map(|uris| Target {
            provider: t.provider,
            model: t.model.as_str().into(),
            price: t.price,
            max_output: from.fact_at(t).output.map(u64::from),
            health: provider.upstream.model(&t.model),
            label: label.unwrap_or(HeaderValue::from_static("unnamed")),
            uris,
        }))
    };
    Ok(Model {
        name: from.name.as_str().into(),
        targets: from.targets.iter().filter_map(target).collect::<Result<_, _>>()?,
        budget: RetryBudget::new(retry_budget),
        fact: from.fact(),
    })
}
