//! The state behind a store: what the host keeps for one instance, and what a plugin keeps for one tenant.

use crate::abi::contract::Piece;
use crate::abi::core::CoreState;
use crate::bounds::instances::TenantShare;
use crate::bounds::instances::place::InstancePlace;
use crate::bounds::log_and_kv::Quota;
use crate::bounds::memory::Limiter;
use crate::bounds::slice::Pace;
use crate::capabilities::Capabilities;
use crate::error::Fault;
use crate::exchange::Exchange;
use crate::kv::{Kv, StoreKey, Stores};
use crate::meter::{Alive, PluginCounters};
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use weir_dialect::{EditError, Pieces};

/// What a plugin keeps for one tenant, shared by all its instances.
#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) tenant: Arc<str>,
    pub(crate) counters: Arc<PluginCounters>,
    /// Whose instances they are: the tenant's, or, of a plugin that all tenants share, nobody's in particular.
    pub(crate) account: Arc<TenantShare>,
    /// Its store, which is made when it is first used.
    kv: OnceLock<Arc<Kv>>,
    stores: Arc<Stores>,
    store: StoreKey,
    quota: Quota,
    /// Bytes that it may log each second.
    log_rate: usize,
}

impl TenantState {
    pub(crate) fn new(
        tenant: &Arc<str>,
        (counters, account): (Arc<PluginCounters>, Arc<TenantShare>),
        (stores, store): (&Arc<Stores>, StoreKey),
        (quota, log_rate): (Quota, usize),
    ) -> Self {
        let (tenant, kv, stores) = (Arc::clone(tenant), OnceLock::new(), Arc::clone(stores));
        Self { tenant, counters, account, kv, stores, store, quota, log_rate }
    }

    /// Its key-value store.
    pub(crate) fn kv(&self) -> &Kv {
        let folder = || self.quota.folder.as_ref().map(|folder| &folder.kv);
        self.kv.get_or_init(|| self.stores.get(&self.store, folder()))
    }

    /// How many faults of a kind that is not the plugin's doing one line stands for, if there is to be one now. They take
    /// nothing of what the plugin may log.
    pub(crate) fn tells_want(&self, kind: usize) -> Option<u64> {
        self.quota.log.rarely(Instant::now(), kind)
    }

    /// Takes so many bytes of what may be logged of the plugin for this tenant now; false if there are not enough left. That
    /// lines are left out for that is said every while.
    pub(crate) fn may_log(&self, bytes: usize) -> bool {
        let now = Instant::now();
        let folder = || self.quota.folder.as_ref().is_none_or(|folder| folder.take_log(now, bytes));
        if self.quota.log.take(now, bytes, self.log_rate) && folder() {
            return true;
        }
        if self.quota.log.is_news(now) {
            let (plugin, tenant) = (&*self.store.plugin, &*self.tenant);
            tracing::warn!(plugin, tenant, "a plugin logs more than it may: lines are left out (log_rate)");
        }
        false
    }
}

/// What is left of the bounds of one call.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) host_calls: u32,
    pub(crate) log_bytes: usize,
    pub(crate) written: usize,
    /// Bytes of the bodies that the call can look at.
    pub(crate) at_hand: usize,
    /// Bytes that one host call or answer may carry out of the guest.
    pub(crate) carry: usize,
    /// Callouts.
    pub(crate) callouts: u32,
    /// The time that the call has been told, once it has asked.
    pub(crate) now_ms: Option<u64>,
}

/// The state behind one instance's store.
#[derive(Debug)]
pub(crate) struct GuestState {
    /// Lent for the time of a call.
    pub(crate) exchange: Option<Box<Exchange>>,
    pub(crate) limiter: Limiter,
    pub(crate) pace: Pace,
    pub(crate) budget: Budget,
    /// Why the host cut the guest off, if it did.
    pub(crate) fault: Option<Fault>,
    /// Of an instance that is called directly.
    pub(crate) desk: CoreState,
    pub(crate) plugin: Arc<str>,
    /// Of the plugin with its settings: two bindings of one file keep notes of their own.
    pub(crate) plugin_id: u64,
    pub(crate) tenant_state: Arc<TenantState>,
    pub(crate) powers: Arc<Capabilities>,
    /// Counters already looked up.
    pub(crate) counters: HashMap<Box<str>, Arc<AtomicU64>, foldhash::fast::RandomState>,
    _alive: Alive,
}

/// Whose state it is to be.
#[derive(Debug)]
pub(crate) struct NewGuest<'a> {
    pub(crate) plugin: &'a Arc<str>,
    /// The plugin's number.
    pub(crate) id: u64,
    /// Bytes that its memory may have.
    pub(crate) memory: usize,
    pub(crate) powers: &'a Arc<Capabilities>,
}

impl GuestState {
    pub(crate) fn new(guest: NewGuest<'_>, tenant_state: Arc<TenantState>, place: InstancePlace) -> Self {
        let alive = Alive::new(&tenant_state.counters);
        Self {
            exchange: None,
            limiter: Limiter::new(guest.memory, place),
            pace: Pace::default(),
            budget: Budget::default(),
            fault: None,
            desk: CoreState::default(),
            plugin: Arc::clone(guest.plugin),
            plugin_id: guest.id,
            tenant_state,
            powers: Arc::clone(guest.powers),
            counters: HashMap::default(),
            _alive: alive,
        }
    }

    /// The exchange on loan. There is none while `init` runs.
    pub(crate) fn exchange(&mut self) -> Option<&mut Exchange> {
        self.exchange.as_deref_mut()
    }

    /// Turns to another tenant; only where the operator chose the isolation `shared`.
    pub(crate) fn turn_to(&mut self, tenant_state: &Arc<TenantState>) {
        if !Arc::ptr_eq(&self.tenant_state, tenant_state) {
            self.tenant_state = Arc::clone(tenant_state);
            self.counters.clear();
        }
    }
}

/// Takes one host call off the budget; every host function starts with it.
pub(crate) fn spend(host: &mut GuestState) -> wasmtime::Result<()> {
    match host.budget.host_calls.checked_sub(1) {
        Some(left) => {
            host.budget.host_calls = left;
            Ok(())
        }
        None => {
            host.fault = Some(Fault::HostCalls);
            Err(wasmtime::Error::msg("too many host calls"))
        }
    }
}

/// Takes bytes off what the call may write into bodies, or answers why not.
pub(crate) fn write(host: &mut GuestState, bytes: usize) -> Result<(), String> {
    let left = host.budget.written.checked_sub(bytes);
    host.budget.written = left.ok_or_else(|| "one call may not write so many bytes into bodies".to_owned())?;
    Ok(())
}

/// What is told of pieces on its way to a guest, nothing if there is nothing to show any of. Where there is something that
/// cannot be shown, the guest is not told that there is nothing: its call ends.
pub(crate) fn shown<T: Default>(host: &mut GuestState, told: Option<Result<T, EditError>>) -> wasmtime::Result<T> {
    match told {
        None => Ok(T::default()),
        Some(Ok(told)) => Ok(told),
        Some(Err(why)) => {
            let why = why.to_string();
            host.fault = Some(Fault::Unreadable(why.clone()));
            Err(wasmtime::Error::msg(why))
        }
    }
}

/// The pieces of bodies as a list of records: of one body, or of events by their numbers.
pub(crate) fn listed(bodies: &[Arc<Pieces>]) -> Arc<[Piece]> {
    let numbered = (0_u32..).zip(bodies);
    numbered.flat_map(|(event, pieces)| pieces.iter().map(move |piece| Piece::of(&piece, event))).collect()
}

/// What writes answer while `init` runs.
pub(crate) fn no_request<T>() -> Result<T, String> {
    Err("there is no request at hand".to_owned())
}
