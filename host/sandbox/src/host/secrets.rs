//! `weir:plugin/secrets`: what the operator hands to this plugin by name.

use super::host_fn::HostFn;
use crate::guest_state::GuestState;
use weir_component::contract::SecretsFunction;

pub(super) fn link(function: SecretsFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        SecretsFunction::Get => here.text(get),
    }
}

fn get(host: &mut GuestState, name: &str) -> wasmtime::Result<Option<String>> {
    Ok(host.powers.secret(name).map(|secret| secret.expose().to_owned()))
}
