//! `weir:plugin/secrets`: what the operator hands to this plugin by name.

use super::{Host, Offer};

pub(super) fn link(mut here: Offer<'_>) -> wasmtime::Result<()> {
    here.text("get", get)
}

fn get(host: &mut Host, name: &str) -> wasmtime::Result<Option<String>> {
    Ok(host.powers.secret(name).map(|secret| secret.expose().to_owned()))
}
