//! `weir:plugin/secrets`: what the operator hands to this plugin by name.

use super::{Caller, Host, giving_way, spend};
use wasmtime::component::{Linker, WasmStr};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/secrets@0.1.0")?;
    here.func_wrap_async("get", |caller, params| giving_way(caller, params, get))
}

fn get(mut caller: Caller<'_>, (name,): (WasmStr,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let name = name.to_str(&caller)?;
    let secret = caller.data().powers.secret(&name);
    Ok((secret.map(|secret| secret.expose().to_owned()),))
}
