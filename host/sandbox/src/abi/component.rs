//! Calling a plugin through wasmtime's component layer, which moves every value between host and guest by the types that both
//! sides were compiled with.

use super::contract::{Candidate, Edit, Facts, Outcome, PluginRefusal, Routing, StreamEvent};
use super::hook_call::{HookAnswer, HookCall};
use crate::guest_state::GuestState;
use std::sync::Arc;
use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime::{Error, Store};

type Verdict = (Result<(), PluginRefusal>,);
type Routed = (Result<Routing, PluginRefusal>,);
type Edited = (Result<Vec<Edit>, PluginRefusal>,);

/// The hooks of a component, looked up once.
pub(crate) struct ComponentHooks {
    pub(crate) policy: Option<TypedFunc<(Facts,), Verdict>>,
    pub(crate) router: Option<TypedFunc<(Facts, Arc<[Candidate]>), Routed>>,
    pub(crate) upstream_request: Option<TypedFunc<(Facts, u32), Verdict>>,
    pub(crate) response: Option<TypedFunc<(Facts, u16), Verdict>>,
    pub(crate) event: Option<TypedFunc<(Facts, Vec<StreamEvent>, bool), Edited>>,
    pub(crate) observe: Option<TypedFunc<(Facts, Arc<Outcome>), ()>>,
}

/// Makes a call.
pub(super) async fn ask_component(
    hooks: &ComponentHooks,
    store: &mut Store<GuestState>,
    facts: Facts,
    ask: HookCall,
) -> wasmtime::Result<HookAnswer> {
    Ok(match ask {
        HookCall::Policy => HookAnswer::Verdict(call(hooks.policy.as_ref(), store, (facts,)).await?.0),
        HookCall::Router(offered) => HookAnswer::Routing(call(hooks.router.as_ref(), store, (facts, offered)).await?.0),
        HookCall::UpstreamRequest(attempt) => {
            HookAnswer::Verdict(call(hooks.upstream_request.as_ref(), store, (facts, attempt)).await?.0)
        }
        HookCall::Response(status) => {
            HookAnswer::Verdict(call(hooks.response.as_ref(), store, (facts, status)).await?.0)
        }
        HookCall::Event(events, last) => {
            HookAnswer::Edits(call(hooks.event.as_ref(), store, (facts, events, last)).await?.0)
        }
        HookCall::Observe(outcome) => {
            call(hooks.observe.as_ref(), store, (facts, outcome)).await?;
            HookAnswer::Verdict(Ok(()))
        }
    })
}

/// Calls a hook of a component.
async fn call<P, R>(function: Option<&TypedFunc<P, R>>, store: &mut Store<GuestState>, params: P) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    function.ok_or_else(|| Error::msg("it has no such hook"))?.call_async(store, params).await
}
