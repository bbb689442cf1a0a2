//! `weir:plugin/notes`: what a plugin remembers about a request between its calls.

use super::host_fn::HostFn;
use crate::guest_state::{GuestState, no_request};
use bytes::Bytes;
use weir_component::contract::NotesFunction;

pub(super) fn link(function: NotesFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        NotesFunction::Get => here.text(get),
        NotesFunction::Set => here.text_bytes(set),
    }
}

fn get(host: &mut GuestState, key: &str) -> wasmtime::Result<Option<Bytes>> {
    Ok(host.exchange.as_ref().and_then(|x| x.note(host.plugin_id, key)))
}

fn set(host: &mut GuestState, key: &str, value: Bytes) -> wasmtime::Result<Result<(), String>> {
    let plugin = host.plugin_id;
    let Some(exchange) = host.exchange() else { return Ok(no_request()) };
    Ok(exchange.set_note(plugin, key, value))
}
