//! `weir:plugin/upstream`: who is asked.

use super::offer::HostFn;
use crate::exchange::AskedTarget;
use crate::guest_state::GuestState;
use std::sync::Arc;

pub(super) fn link(mut here: HostFn<'_>) -> wasmtime::Result<()> {
    here.asked("provider", |host| Ok(named(host, |asked| &asked.provider)))?;
    here.asked("model", |host| Ok(named(host, |asked| &asked.model)))
}

/// A name of who is asked; empty before anybody is.
fn named(host: &GuestState, name: fn(&AskedTarget) -> &Arc<str>) -> Arc<str> {
    let asked = host.exchange.as_ref().and_then(|x| x.asked.as_ref());
    asked.map_or_else(|| "".into(), |asked| Arc::clone(name(asked)))
}
