//! `weir:plugin/upstream`: who is asked.

use super::host_fn::HostFn;
use crate::exchange::AskedTarget;
use crate::guest_state::GuestState;
use std::sync::Arc;
use weir_component::contract::UpstreamFunction;

pub(super) fn link(function: UpstreamFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        UpstreamFunction::Provider => here.asked(|host| Ok(named(host, |asked| &asked.provider))),
        UpstreamFunction::Model => here.asked(|host| Ok(named(host, |asked| &asked.model))),
    }
}

/// A name of who is asked; empty before anybody is.
fn named(host: &GuestState, name: fn(&AskedTarget) -> &Arc<str>) -> Arc<str> {
    let asked = host.exchange.as_ref().and_then(|x| x.asked.as_ref());
    asked.map_or_else(|| "".into(), |asked| Arc::clone(name(asked)))
}
