//! How a call of a hook is made: of a component, or directly. What it is told and answers is the same for both, so that whoever
//! calls knows neither.

pub(crate) mod component;
pub(crate) mod contract;
pub(crate) mod core;
pub(crate) mod hook_call;

use self::component::{ComponentHooks, ask_component};
use self::contract::Facts;
use self::core::DirectHooks;
use self::hook_call::{HookAnswer, HookCall};
use crate::guest_state::GuestState;
use wasmtime::Store;

/// The hooks of an instance.
pub(crate) enum Hooks {
    /// It is called as a component.
    Component(Box<ComponentHooks>),
    /// It is called directly.
    Direct(Box<DirectHooks>),
}

/// Makes a call. It fails if the guest traps or breaks the contract.
pub(crate) async fn call_hook(
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
