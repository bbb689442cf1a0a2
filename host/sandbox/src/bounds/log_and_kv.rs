//! What plugins may log and keep for a tenant, on all workers together and over all generations: for each binding, and for
//! all plugins of a tenant's own folder together, so that nobody gets more by dropping more files there.

use crate::bounds::byte_rate::ByteRate;
use crate::kv::KvRoom;
use crate::retained::{Retained, Time};
use crate::tenant::TenantId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use weir_config::Plugins;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What all plugins of one tenant's own folder use together.
#[derive(Debug)]
pub(crate) struct FolderQuota {
    pub(crate) log: ByteRate,
    pub(crate) kv: Arc<KvRoom>,
    rules: Arc<Rules>,
}

impl FolderQuota {
    /// Takes so many bytes of what they may log.
    pub(crate) fn take_log(&self, now: Instant, bytes: usize) -> bool {
        let rate = usize::try_from(self.rules.log.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        self.log.take(now, bytes, rate)
    }
}

#[derive(Debug)]
struct Rules {
    log: AtomicU64,
    kv: AtomicU64,
}

/// What one binding has of it for one tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quota {
    pub(crate) log: Arc<ByteRate>,
    /// Of a plugin of the tenant's own folder, what these have together.
    pub(crate) folder: Option<Arc<FolderQuota>>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Quotas {
    rules: Arc<Rules>,
    logs: Retained<(Arc<str>, TenantId), ByteRate>,
    folders: Retained<TenantId, FolderQuota>,
}

impl Default for Quotas {
    /// With no bounds for folders until [`Quotas::set`].
    fn default() -> Self {
        let rules = Arc::new(Rules { log: AtomicU64::new(u64::MAX), kv: AtomicU64::new(u64::MAX) });
        Self { rules, logs: Retained::default(), folders: Retained::default() }
    }
}

impl Quotas {
    /// Changes what plugins of a tenant's own folder may use together.
    pub(crate) fn set(&self, plugins: &Plugins) {
        self.rules.log.store(plugins.tenant_log_rate as u64, Ordering::Relaxed);
        self.rules.kv.store(plugins.tenant_kv_entries, Ordering::Relaxed);
        self.folders.each(|folder| folder.kv.set_limit(plugins.tenant_kv_entries));
    }

    /// What a binding has for a tenant. Takes locks: keep the answer.
    pub(crate) fn of(&self, binding: &Arc<str>, tenant: TenantId, is_tenants_own: bool) -> Quota {
        let new = || FolderQuota {
            log: ByteRate::default(),
            kv: Arc::new(KvRoom::new(self.rules.kv.load(Ordering::Relaxed))),
            rules: Arc::clone(&self.rules),
        };
        Quota {
            log: self.logs.get((Arc::clone(binding), tenant), ByteRate::default),
            folder: is_tenants_own.then(|| self.folders.get(tenant, new)),
        }
    }

    /// Lets go of what nobody has needed for as long as `after`.
    pub(crate) fn let_go(
        &self,
        needed: impl Fn(&str, TenantId) -> bool,
        tenants: impl Fn(TenantId) -> bool,
        time: Time,
    ) {
        self.logs.let_go(|(binding, tenant)| needed(binding, *tenant), time);
        self.folders.let_go(|tenant| tenants(*tenant), time);
    }
}
