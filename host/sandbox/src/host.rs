//! The host's side of the contract: the state behind a store and the interfaces that guests import.

mod callouts;
mod clock;
mod counters;
mod events;
mod kv;
mod log;
mod notes;
mod random;
mod reply;
mod request;
mod secrets;
mod upstream;

use crate::call::since_resumed;
use crate::error::Fault;
use crate::exchange::Exchange;
use crate::limiter::Limiter;
use crate::meter::{Alive, Counters};
use crate::plugin::Plugin;
use crate::powers::Powers;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmStr};
use weir_config::Grant;

/// What a plugin keeps for one tenant, shared by all its instances.
#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) tenant: Arc<str>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) kv: Arc<crate::kv::Kv>,
}

/// What is left of the bounds of one call.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) host_calls: u32,
    pub(crate) log_bytes: usize,
    pub(crate) written: usize,
    /// Callouts.
    pub(crate) callouts: u32,
    /// The time that the call has been told, once it has asked.
    pub(crate) now_ms: Option<u64>,
}

/// The state behind one instance's store.
#[derive(Debug)]
pub(crate) struct Host {
    /// Lent for the time of a call.
    pub(crate) exchange: Option<Box<Exchange>>,
    pub(crate) limiter: Limiter,
    pub(crate) budget: Budget,
    /// Why the host cut the guest off, if it did.
    pub(crate) fault: Option<Fault>,
    pub(crate) plugin: Arc<str>,
    /// Of the plugin with its settings: two bindings of one file keep notes of their own.
    pub(crate) plugin_id: u64,
    pub(crate) slots: Arc<Slots>,
    pub(crate) powers: Arc<Powers>,
    /// Counters already looked up.
    counters: HashMap<Box<str>, Arc<AtomicU64>, foldhash::fast::RandomState>,
    _alive: Alive,
}

impl Host {
    pub(crate) fn new(plugin: &Plugin, slots: Arc<Slots>) -> Self {
        let alive = Alive::new(&slots.counters);
        Self {
            exchange: None,
            limiter: Limiter::new(plugin.settings().limits.memory),
            budget: Budget::default(),
            fault: None,
            plugin: Arc::clone(plugin.name()),
            plugin_id: plugin.id(),
            slots,
            powers: Arc::clone(plugin.powers()),
            counters: HashMap::default(),
            _alive: alive,
        }
    }

    /// Turns to another tenant; only where the operator chose the isolation `shared`.
    pub(crate) fn turn_to(&mut self, slots: &Arc<Slots>) {
        if !Arc::ptr_eq(&self.slots, slots) {
            self.slots = Arc::clone(slots);
            self.counters.clear();
        }
    }
}

/// What a host function sees of its caller.
type Caller<'a> = StoreContextMut<'a, Host>;

/// Takes one host call off the budget; every host function starts with it.
fn spend(caller: &mut Caller<'_>) -> wasmtime::Result<()> {
    let host = caller.data_mut();
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
fn write(caller: &mut Caller<'_>, bytes: usize) -> Result<(), String> {
    let budget = &mut caller.data_mut().budget;
    let left = budget.written.checked_sub(bytes);
    budget.written = left.ok_or_else(|| "one call may not write so many bytes into bodies".to_owned())?;
    Ok(())
}

/// So long a guest may keep its thread in one host call before it has to give way: as long as in code of its own.
const LONG: Duration = Duration::from_micros(500);

/// Runs a host function whose work grows with what it is given. Where it took long, the guest gives way before it goes
/// on, and whoever polls it sees what it has used.
fn giving_way<'a, P, R: Send + 'a>(
    caller: Caller<'a>,
    params: P,
    function: fn(Caller<'_>, P) -> wasmtime::Result<R>,
) -> Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a> {
    let answer = function(caller, params);
    Box::new(async move {
        if since_resumed() > LONG {
            tokio::task::yield_now().await;
        }
        answer
    })
}

/// The exchange on loan. There is none while `init` runs.
fn lent<'a>(caller: &'a mut Caller<'_>) -> Option<&'a mut Exchange> {
    caller.data_mut().exchange.as_deref_mut()
}

/// An argument as a string of our own, for where the store must be free while it is used.
fn owned(caller: &Caller<'_>, text: &WasmStr) -> wasmtime::Result<String> {
    Ok(text.to_str(caller)?.into_owned())
}

/// What writes answer while `init` runs.
fn no_request<T>() -> Result<T, String> {
    Err("there is no request at hand".to_owned())
}

/// Adds the lent data and the granted capabilities to a linker.
pub(crate) fn link(linker: &mut Linker<Host>, grants: &[Grant]) -> wasmtime::Result<()> {
    request::link(linker)?;
    upstream::link(linker)?;
    reply::link(linker)?;
    events::link(linker)?;
    notes::link(linker)?;
    for grant in grants {
        match grant {
            Grant::Log => log::link(linker)?,
            Grant::Counters => counters::link(linker)?,
            Grant::Kv => kv::link(linker)?,
            Grant::Clock => clock::link(linker)?,
            Grant::Random => random::link(linker)?,
            Grant::Secrets => secrets::link(linker)?,
            Grant::Callouts => callouts::link(linker)?,
        }
    }
    Ok(())
}
