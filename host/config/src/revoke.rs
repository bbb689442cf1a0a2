//! What a new configuration takes away from the one that serves: that much can be refused before anything of the new one
//! is made.

use std::collections::{HashMap, HashSet};

use crate::config::Config;
use crate::glob::glob;
use crate::model::ModelConfig;
use crate::tenant::{KeyConfig, TenantConfig};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What serves, less every right that the next configuration does not give: keys that it does not have with the same secret
/// and pepper, tenants and models that it does not have, models that a key may not use in it; of two limits the lower one.
/// Nothing of the next one is added, and nothing else is changed. None if nothing is taken away.
///
/// A key that moves to another tenant is no longer its old tenant's and not yet its new one's: it stays where it is, with
/// the models that both let it use. Steps: keys × models, for the tenants that differ.
#[must_use]
pub fn without_revoked(serving: &Config, next: &Config) -> Option<Config> {
    let kept: HashSet<&str> = next.models.iter().map(|model| model.name.as_str()).collect();
    let models: Vec<ModelConfig> = serving.models.iter().filter(|m| kept.contains(m.name.as_str())).cloned().collect();
    let next = Next::of(next, serving);
    let tenants: Vec<TenantConfig> = serving.tenants.iter().filter_map(|tenant| next.leaves(tenant, &models)).collect();
    (models.len() != serving.models.len() || tenants != serving.tenants).then(|| Config {
        models,
        tenants,
        ..serving.clone()
    })
}

/// The next configuration's tenants by name, and its keys by id.
struct Next<'n> {
    tenants: HashMap<&'n str, &'n TenantConfig>,
    /// Empty where the pepper is another one: no token that was good is good under it.
    keys: HashMap<&'n str, (&'n TenantConfig, &'n KeyConfig)>,
}

impl<'n> Next<'n> {
    fn of(next: &'n Config, serving: &Config) -> Self {
        let tenants = next.tenants.iter().map(|tenant| (tenant.name.as_str(), tenant)).collect();
        let keys = next.tenants.iter().flat_map(|tenant| tenant.keys.iter().map(move |key| (tenant, key)));
        let keys = keys.filter(|_| next.pepper == serving.pepper);
        Self { tenants, keys: keys.map(|(tenant, key)| (key.id.as_str(), (tenant, key))).collect() }
    }

    /// What is left of a tenant, if anything is.
    fn leaves(&self, tenant: &TenantConfig, models: &[ModelConfig]) -> Option<TenantConfig> {
        let keys: Vec<KeyConfig> = tenant.keys.iter().filter_map(|key| self.leaves_key(tenant, key, models)).collect();
        let next = self.tenants.get(tenant.name.as_str());
        if next.is_none() && keys.is_empty() {
            return None;
        }
        // Each field by its name: a right that is added is taken away here, or it does not compile.
        let TenantConfig { name, models, requests_per_minute, concurrency, keys: _ } = tenant;
        Some(TenantConfig {
            name: name.clone(),
            // Which of them are left is said of each key.
            models: models.clone(),
            requests_per_minute: lower(*requests_per_minute, next.and_then(|next| next.requests_per_minute)),
            concurrency: lower(*concurrency, next.and_then(|next| next.concurrency)),
            keys,
        })
    }

    fn leaves_key(&self, tenant: &TenantConfig, key: &KeyConfig, models: &[ModelConfig]) -> Option<KeyConfig> {
        let (to, next) = self.keys.get(key.id.as_str()).filter(|(_, next)| next.hash == key.hash)?;
        let KeyConfig { id, hash, secret, requests_per_minute, concurrency, models: _ } = key;
        Some(KeyConfig {
            id: id.clone(),
            hash: *hash,
            // One that is another now signs nothing until the new one is in force.
            secret: secret.clone().filter(|secret| next.secret.as_ref() == Some(secret)),
            requests_per_minute: lower(*requests_per_minute, next.requests_per_minute),
            concurrency: lower(*concurrency, next.concurrency),
            models: narrowed((tenant, key), (to, next), models),
        })
    }
}

/// The key's own patterns, or by name the models that are left to it if these would let it use more.
fn narrowed(
    serving: (&TenantConfig, &KeyConfig),
    next: (&TenantConfig, &KeyConfig),
    models: &[ModelConfig],
) -> Option<Vec<String>> {
    let may = |(tenant, key): (&TenantConfig, &KeyConfig), model: &str| {
        let admits = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, model));
        admits(&tenant.models) && key.models.as_deref().is_none_or(admits)
    };
    let own = serving.1.models.clone();
    if serving.0.models == next.0.models && own == next.1.models {
        return own;
    }
    let before: Vec<&str> = models.iter().map(|model| model.name.as_str()).filter(|m| may(serving, m)).collect();
    let left: Vec<&str> = before.iter().copied().filter(|model| may(next, model)).collect();
    if left == before { own } else { Some(left.into_iter().map(str::to_owned).collect()) }
}

/// The lower of two limits; none is unlimited.
fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.into_iter().chain(other).min()
}
