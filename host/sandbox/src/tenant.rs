//! Tenants as the sandbox knows them: a number that never changes meaning while the process lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A tenant's number. Pools, stores and counters are keyed by it, so it must never pass from one tenant to another:
/// numbers are given once per name and not reused, whatever a reload does to the order of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(u32);

impl TenantId {
    /// Stands for all tenants at once, in the pools of a plugin whose isolation is `shared`.
    pub(crate) const EVERY: TenantId = TenantId(u32::MAX);
}

/// Gives tenants their numbers. Not used on the way of a request.
#[derive(Debug, Default)]
pub struct TenantNames {
    by_name: Mutex<HashMap<Arc<str>, TenantId>>,
}

impl TenantNames {
    /// The number of the tenant of this name, the same for as long as the process lives.
    pub fn id(&self, name: &str) -> TenantId {
        let mut names = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = names.get(name) {
            return *id;
        }
        let id = TenantId(u32::try_from(names.len()).unwrap_or(u32::MAX - 1));
        names.insert(name.into(), id);
        id
    }
}
