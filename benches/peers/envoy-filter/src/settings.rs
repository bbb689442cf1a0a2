//! What the filter was configured with, made ready for look-ups.

use std::collections::{HashMap, HashSet};

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    keys: HashMap<String, String>,
    models: HashSet<String>,
    upstream_key: String,
    per_minute: u64,
}

pub(crate) struct Settings {
    /// Tenants by the hash of their key.
    tenants: HashMap<[u8; 32], String>,
    pub(crate) models: HashSet<String>,
    /// The value of `authorization` towards the upstream.
    pub(crate) upstream: String,
    pub(crate) per_minute: u64,
    pub(crate) counters: Counters,
}

/// Identifiers of Envoy's counters.
pub(crate) struct Counters {
    pub(crate) metered: u32,
    pub(crate) prompt_tokens: u32,
    pub(crate) completion_tokens: u32,
}

impl Settings {
    pub(crate) fn parse(configuration: &[u8]) -> Result<Self, String> {
        let written: Written = serde_json::from_slice(configuration).map_err(|error| error.to_string())?;
        let counter = |name: &str| {
            hostcalls::define_metric(MetricType::Counter, name)
                .map_err(|status| format!("no counter {name}: {status:?}"))
        };
        Ok(Self {
            tenants: written.keys.into_iter().map(|(key, tenant)| (hash(&key), tenant)).collect(),
            models: written.models,
            upstream: format!("Bearer {}", written.upstream_key),
            per_minute: written.per_minute,
            counters: Counters {
                metered: counter("gateway.metered")?,
                prompt_tokens: counter("gateway.prompt_tokens")?,
                completion_tokens: counter("gateway.completion_tokens")?,
            },
        })
    }

    /// The tenant whose key is in an `authorization` header.
    pub(crate) fn tenant(&self, authorization: &str) -> Option<&str> {
        let (scheme, key) = authorization.split_once(' ')?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        self.tenants.get(&hash(key)).filter(|_| bearer).map(String::as_str)
    }
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}
