//! `weir:plugin/notes`: what a plugin remembers about a request between its calls.

use super::{Caller, Host, lent, no_request, owned, spend};
use wasmtime::component::{Linker, WasmStr};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/notes@0.1.0")?;
    here.func_wrap("get", get)?;
    here.func_wrap("set", set)
}

fn get(mut caller: Caller<'_>, (key,): (WasmStr,)) -> wasmtime::Result<(Option<Vec<u8>>,)> {
    spend(&mut caller)?;
    let key = owned(&caller, &key)?;
    let host = caller.data();
    Ok((host.exchange.as_ref().and_then(|x| x.note(host.plugin_id, &key)),))
}

fn set(mut caller: Caller<'_>, (key, value): (WasmStr, Vec<u8>)) -> wasmtime::Result<(Result<(), String>,)> {
    spend(&mut caller)?;
    let key = owned(&caller, &key)?;
    let plugin = caller.data().plugin_id;
    let Some(exchange) = lent(&mut caller) else { return Ok((no_request(),)) };
    Ok((exchange.set_note(plugin, key, value),))
}
