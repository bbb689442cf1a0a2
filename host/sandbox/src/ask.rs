//! Calls of hooks: what each is told, and how it is made, of a component or directly.

use crate::contract::{Candidate, Edit, Facts, Outcome, Refusal, Routing, StreamEvent};
use crate::direct::DirectHooks;
use crate::host::Host;
use std::sync::Arc;
use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime::{Error, Store};

type Verdict = (Result<(), Refusal>,);
type Routed = (Result<Routing, Refusal>,);
type Edited = (Result<Vec<Edit>, Refusal>,);

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
    Component(ComponentHooks),
    /// It is called directly.
    Direct(DirectHooks),
}

/// A call of one hook.
pub(crate) trait Ask {
    /// What the hook answers.
    type Answer;

    /// Makes the call. It fails if the guest traps or breaks the contract.
    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer>;
}

/// Calls a hook of a component.
async fn call<P, R>(function: Option<&TypedFunc<P, R>>, store: &mut Store<Host>, params: P) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    function.ok_or_else(|| Error::msg("it has no such hook"))?.call_async(store, params).await
}

/// `policy.on-request`.
pub(crate) struct OnRequest(pub(crate) Facts);

impl Ask for OnRequest {
    type Answer = Result<(), Refusal>;

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer> {
        match hooks {
            Hooks::Component(hooks) => Ok(call(hooks.policy.as_ref(), store, (self.0,)).await?.0),
            Hooks::Direct(hooks) => hooks.policy(store, &self.0).await,
        }
    }
}

/// `router.route`.
pub(crate) struct Route(pub(crate) Facts, pub(crate) Arc<[Candidate]>);

impl Ask for Route {
    type Answer = Result<Routing, Refusal>;

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer> {
        match hooks {
            Hooks::Component(hooks) => Ok(call(hooks.router.as_ref(), store, (self.0, self.1)).await?.0),
            Hooks::Direct(hooks) => hooks.router(store, &self.0, self.1).await,
        }
    }
}

/// `upstream-request.on-attempt`, with the number of the attempt.
pub(crate) struct OnAttempt(pub(crate) Facts, pub(crate) u32);

impl Ask for OnAttempt {
    type Answer = Result<(), Refusal>;

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer> {
        match hooks {
            Hooks::Component(hooks) => Ok(call(hooks.upstream_request.as_ref(), store, (self.0, self.1)).await?.0),
            Hooks::Direct(hooks) => hooks.upstream_request(store, &self.0, self.1).await,
        }
    }
}

/// `response.on-response`, with the status.
pub(crate) struct OnResponse(pub(crate) Facts, pub(crate) u16);

impl Ask for OnResponse {
    type Answer = Result<(), Refusal>;

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer> {
        match hooks {
            Hooks::Component(hooks) => Ok(call(hooks.response.as_ref(), store, (self.0, self.1)).await?.0),
            Hooks::Direct(hooks) => hooks.response(store, &self.0, self.1).await,
        }
    }
}

/// `event.on-events`, with the events and whether they are the last.
pub(crate) struct OnEvents(pub(crate) Facts, pub(crate) Vec<StreamEvent>, pub(crate) bool);

impl Ask for OnEvents {
    type Answer = Result<Vec<Edit>, Refusal>;

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<Self::Answer> {
        match hooks {
            Hooks::Component(hooks) => Ok(call(hooks.event.as_ref(), store, (self.0, self.1, self.2)).await?.0),
            Hooks::Direct(hooks) => hooks.event(store, &self.0, (self.1, self.2)).await,
        }
    }
}

/// `observe.on-finished`.
pub(crate) struct OnFinished(pub(crate) Facts, pub(crate) Arc<Outcome>);

impl Ask for OnFinished {
    type Answer = ();

    async fn ask(self, hooks: &Hooks, store: &mut Store<Host>) -> wasmtime::Result<()> {
        match hooks {
            Hooks::Component(hooks) => call(hooks.observe.as_ref(), store, (self.0, self.1)).await,
            Hooks::Direct(hooks) => hooks.observe(store, &self.0, &self.1).await,
        }
    }
}
