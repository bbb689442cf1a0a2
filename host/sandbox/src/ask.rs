//! Calls of hooks: what each is told and answers, and how it is made, of a component or directly.
//!
//! One call is one type, whatever the hook: each further type would be a further copy of all that surrounds a call, in code
//! that has to be fetched for every request.

use crate::contract::{Candidate, Edit, Facts, Outcome, PluginRefusal, Routing, StreamEvent};
use crate::direct::DirectHooks;
use crate::error::Fault;
use crate::host::GuestState;
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

/// The hooks of an instance.
pub(crate) enum Hooks {
    /// It is called as a component.
    Component(Box<ComponentHooks>),
    /// It is called directly.
    Direct(Box<DirectHooks>),
}

/// A call of one hook: what it is told beside the facts.
pub(crate) enum HookCall {
    /// `policy.on-request`.
    Policy,
    /// `router.route`, with the candidates.
    Router(Arc<[Candidate]>),
    /// `upstream-request.on-attempt`, with the number of the attempt.
    UpstreamRequest(u32),
    /// `response.on-response`, with the status.
    Response(u16),
    /// `event.on-events`, with the events and whether they are the last.
    Event(Vec<StreamEvent>, bool),
    /// `observe.on-finished`.
    Observe(Arc<Outcome>),
}

/// What a hook answered.
#[derive(Debug)]
pub(crate) enum HookAnswer {
    /// `policy`, `upstream-request`, `response`; `observe` has nothing to say, and says it this way.
    Verdict(Result<(), PluginRefusal>),
    /// `router`.
    Routing(Result<Routing, PluginRefusal>),
    /// `event`.
    Edits(Result<Vec<Edit>, PluginRefusal>),
}

impl HookAnswer {
    /// What `policy`, `upstream-request` and `response` answer.
    pub(crate) fn verdict(self) -> Result<Result<(), PluginRefusal>, Fault> {
        match self {
            Self::Verdict(verdict) => Ok(verdict),
            Self::Routing(_) | Self::Edits(_) => Err(another()),
        }
    }

    /// What `router` answers.
    pub(crate) fn routing(self) -> Result<Result<Routing, PluginRefusal>, Fault> {
        match self {
            Self::Routing(routing) => Ok(routing),
            Self::Verdict(_) | Self::Edits(_) => Err(another()),
        }
    }

    /// What `event` answers.
    pub(crate) fn edits(self) -> Result<Result<Vec<Edit>, PluginRefusal>, Fault> {
        match self {
            Self::Edits(edits) => Ok(edits),
            Self::Verdict(_) | Self::Routing(_) => Err(another()),
        }
    }
}

fn another() -> Fault {
    Fault::Answer("it answered for another hook".to_owned())
}

/// Makes a call. It fails if the guest traps or breaks the contract.
pub(crate) async fn ask(
    hooks: &Hooks,
    store: &mut Store<GuestState>,
    facts: Facts,
    ask: HookCall,
) -> wasmtime::Result<HookAnswer> {
    match hooks {
        Hooks::Direct(hooks) => hooks.ask(store, facts, ask).await,
        // Boxed, for such guests are slow enough, and others need not have the room for it.
        Hooks::Component(hooks) => Box::pin(ask_component(hooks, store, facts, ask)).await,
    }
}

async fn ask_component(
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
