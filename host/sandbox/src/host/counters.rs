//! `weir:plugin/counters`: counters in the gateway's metrics.

use super::{Caller, Host, spend};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wasmtime::component::{Linker, WasmStr};

/// Distinct names that an instance keeps resolved; a flood of names is looked up each time instead of growing this.
const KEPT: usize = 64;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.instance("weir:plugin/counters@0.1.0")?.func_wrap("add", add)
}

fn add(mut caller: Caller<'_>, (name, value): (WasmStr, u64)) -> wasmtime::Result<()> {
    spend(&mut caller)?;
    let known = {
        let name = name.to_str(&caller)?;
        let host = caller.data();
        if let Some(counter) = host.counters.get(&*name) {
            counter.fetch_add(value, Ordering::Relaxed);
            return Ok(());
        }
        name.into_owned()
    };
    let host = caller.data_mut();
    let counter = host.slots.counters.named(&known);
    counter.fetch_add(value, Ordering::Relaxed);
    if host.counters.len() < KEPT && known.len() <= 64 {
        host.counters.insert(known.into(), Arc::clone(&counter));
    }
    Ok(())
}
