//! `weir:plugin/kv`: a small store for each plugin and tenant.

use super::{Caller, Host, owned, spend};
use wasmtime::component::{Linker, WasmStr};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/kv@0.1.0")?;
    here.func_wrap("get", get)?;
    here.func_wrap("set", set)?;
    here.func_wrap("increment", increment)?;
    here.func_wrap("delete", delete)
}

fn get(mut caller: Caller<'_>, (key,): (WasmStr,)) -> wasmtime::Result<(Option<Vec<u8>>,)> {
    spend(&mut caller)?;
    let value = caller.data().slots.kv.get(&key.to_str(&caller)?);
    Ok((value,))
}

type Set = (WasmStr, Vec<u8>, u64);

fn set(mut caller: Caller<'_>, (key, value, ttl_ms): Set) -> wasmtime::Result<(Result<(), String>,)> {
    spend(&mut caller)?;
    let key = owned(&caller, &key)?;
    Ok((caller.data().slots.kv.set(&key, value, ttl_ms),))
}

type Increment = (WasmStr, i64, u64);

fn increment(mut caller: Caller<'_>, (key, by, ttl_ms): Increment) -> wasmtime::Result<(Result<i64, String>,)> {
    spend(&mut caller)?;
    let key = owned(&caller, &key)?;
    Ok((caller.data().slots.kv.increment(&key, by, ttl_ms),))
}

fn delete(mut caller: Caller<'_>, (key,): (WasmStr,)) -> wasmtime::Result<(bool,)> {
    spend(&mut caller)?;
    let key = owned(&caller, &key)?;
    Ok((caller.data().slots.kv.delete(&key),))
}
