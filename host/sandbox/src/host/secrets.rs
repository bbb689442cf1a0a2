//! `weir:plugin/secrets`: what the operator hands to this plugin by name.

use super::offer::HostFn;
use crate::guest_state::GuestState;

pub(super) fn link(mut here: HostFn<'_>) -> wasmtime::Result<()> {
    here.text("get", get)
}

fn get(host: &mut GuestState, name: &str) -> wasmtime::Result<Option<String>> {
    Ok(host.powers.secret(name).map(|secret| secret.expose().to_owned()))
}
