//! One live instance: a store, the guest in it, and its hooks looked up once.

use crate::abi::Hooks;
use crate::abi::component::ComponentHooks;
use crate::abi::core::CARRY;
use crate::bounds::instances::place::InstancePlace;
use crate::bounds::slice::FIRST_SLICE;
use crate::error::Fault;
use crate::guest_state::{Budget, GuestState, TenantState};
use crate::hook::HookKind;
use crate::plugin::{DirectLink, LoadedPlugin};
use crate::reason::{one_line, reason};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::{ComponentNamedList, Instance as Guest, Lift, Lower, TypedFunc};
use wasmtime::{Store, Trap};

/// Bytes that a guest may write into bodies in one call, over and over the same place included; where the bodies at hand
/// are longer than that, as much as twice of them.
const WRITTEN: usize = 32 << 20;
/// So many times a guest may hold what it is shown.
const COPIES: usize = 8;
/// Bytes by which an instance may have grown since it began to be kept where memory is scarce.
const GROWN: usize = 1 << 20;

/// A live instance. It belongs to one pool and serves one call at a time.
pub(crate) struct Instance {
    pub(crate) store: Store<GuestState>,
    pub(crate) hooks: Hooks,
    pub(crate) calls: u64,
    pub(crate) idle_since: Instant,
}

impl Instance {
    /// Makes an instance and runs its `init`.
    pub(crate) async fn start(
        plugin: &LoadedPlugin,
        tenant_state: Arc<TenantState>,
        place: InstancePlace,
    ) -> Result<Self, Fault> {
        Self::start_as(plugin, tenant_state, place, plugin.direct()).await
    }

    /// The same, as a component or directly.
    pub(crate) async fn start_as(
        plugin: &LoadedPlugin,
        tenant_state: Arc<TenantState>,
        place: InstancePlace,
        direct: Option<DirectLink<'_>>,
    ) -> Result<Self, Fault> {
        let host = GuestState::new(plugin.new_guest(), tenant_state, place);
        let mut store = Store::new(plugin.pre().engine(), host);
        store.limiter_async(|host| &mut host.limiter);
        store.fuel_async_yield_interval(Some(FIRST_SLICE)).map_err(|e| Fault::Start(reason(&e)))?;
        arm(&mut store, plugin, 0);
        let hooks = match direct {
            None => Hooks::Component(Box::new(start_component(plugin, &mut store).await?)),
            Some((code, pre)) => {
                let hooks = code.start(pre, &mut store).await.map_err(|e| diagnose(&mut store, &e))?;
                let answer = hooks.init(&mut store, plugin.config()).await.map_err(|e| diagnose(&mut store, &e))?;
                answer.map_err(|why| Fault::Start(one_line(&why)))?;
                Hooks::Direct(Box::new(hooks))
            }
        };
        Ok(Self { store, hooks, calls: 0, idle_since: Instant::now() })
    }

    /// Whether the instance should end after this many calls or this much memory: linear memory never shrinks.
    pub(crate) fn spent(&self, plugin: &LoadedPlugin) -> bool {
        let limits = &plugin.settings().limits;
        self.calls >= limits.max_calls || self.store.data().limiter.used > limits.memory / 4 * 3
    }

    /// Whether it has grown by so much since it began that it is kept only where there is plenty.
    pub(crate) fn has_grown(&self, plugin: &LoadedPlugin) -> bool {
        self.store.data().limiter.has().saturating_sub(plugin.needs()) > GROWN
    }
}

/// Makes a component's instance, runs its `init`, and looks its hooks up.
async fn start_component(plugin: &LoadedPlugin, store: &mut Store<GuestState>) -> Result<ComponentHooks, Fault> {
    let guest = plugin.pre().instantiate_async(&mut *store).await.map_err(|e| diagnose(store, &e))?;
    if let Some(index) = &plugin.exports().init {
        let init = guest
            .get_typed_func::<(String,), (Result<(), String>,)>(&mut *store, index)
            .map_err(|e| Fault::Start(reason(&e)))?;
        let answer = init.call_async(&mut *store, (plugin.config().to_owned(),)).await;
        let (answer,) = answer.map_err(|e| diagnose(store, &e))?;
        answer.map_err(|why| Fault::Start(one_line(&why)))?;
    }
    look_up(&guest, store, plugin).map_err(|e| Fault::Start(reason(&e)))
}

/// Sets the bounds of the coming call, which can look at so many bytes. Its time is bounded by whoever polls it.
pub(crate) fn arm(store: &mut Store<GuestState>, plugin: &LoadedPlugin, at_hand: usize) {
    let limits = &plugin.settings().limits;
    store.set_hostcall_fuel(CARRY.max(at_hand.saturating_mul(2)));
    let host = store.data_mut();
    host.budget = Budget {
        host_calls: limits.host_calls_for(at_hand),
        log_bytes: limits.log_bytes,
        written: WRITTEN.max(at_hand.saturating_mul(2)),
        at_hand,
        carry: CARRY.max(at_hand.saturating_mul(2)),
        callouts: plugin.settings().callouts.as_ref().map_or(0, |callouts| callouts.per_call),
        now_ms: None,
    };
    host.fault = None;
    host.limiter.begin(limits.memory_for(at_hand), limits.wait);
    // A whole slice, so that a short call never gives way; and no end of slices. It fails only where fuel is off.
    if let Some(slice) = host.pace.next(host.limiter.used) {
        let _on = store.fuel_async_yield_interval(Some(slice));
    }
    let _on = store.set_fuel(u64::MAX);
}

/// Why a call into the guest failed.
pub(crate) fn diagnose(store: &mut Store<GuestState>, error: &wasmtime::Error) -> Fault {
    let host = store.data_mut();
    if let Some(fault) = host.fault.take() {
        return fault;
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Fault::Full;
    }
    match (error.downcast_ref::<Trap>(), host.limiter.short) {
        (Some(Trap::StackOverflow), _) => Fault::Stack,
        (_, Some(short)) => short.fault(),
        _ if host.limiter.refused => out_of_memory(host),
        (Some(trap), None) => Fault::Trap(format!("{trap}{}", place(error))),
        (None, None) => Fault::Answer(format!("{}{}", reason(error), place(error))),
    }
}

/// What it means that a guest did not survive being refused memory: where what it was shown takes so much of what it may
/// have, that is no fault of its own. A text is held more than once while it is read, searched and written anew.
fn out_of_memory(host: &GuestState) -> Fault {
    let bytes = host.budget.at_hand;
    if bytes.saturating_mul(COPIES) > host.limiter.most() { Fault::TooLarge { bytes } } else { Fault::Memory }
}

/// The guest's functions on the stack, innermost first: what an author needs to find the line.
fn place(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else { return String::new() };
    let names: Vec<&str> = backtrace.frames().iter().filter_map(|f| f.func_name()).take(4).collect();
    if names.is_empty() { String::new() } else { format!(" in {}", one_line(&names.join(" < "))) }
}

fn look_up(guest: &Guest, store: &mut Store<GuestState>, plugin: &LoadedPlugin) -> wasmtime::Result<ComponentHooks> {
    Ok(ComponentHooks {
        policy: typed(guest, store, plugin, HookKind::Policy)?,
        router: typed(guest, store, plugin, HookKind::Router)?,
        upstream_request: typed(guest, store, plugin, HookKind::UpstreamRequest)?,
        response: typed(guest, store, plugin, HookKind::Response)?,
        event: typed(guest, store, plugin, HookKind::Event)?,
        observe: typed(guest, store, plugin, HookKind::Observe)?,
    })
}

fn typed<P, R>(
    guest: &Guest,
    store: &mut Store<GuestState>,
    plugin: &LoadedPlugin,
    hook: HookKind,
) -> wasmtime::Result<Option<TypedFunc<P, R>>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let index = plugin.exports().hooks.get(hook as usize).and_then(Option::as_ref);
    index.map(|index| guest.get_typed_func(&mut *store, index)).transpose()
}
