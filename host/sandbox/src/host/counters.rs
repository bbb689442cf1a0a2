//! `weir:plugin/counters`: counters in the gateway's metrics.

use super::host_fn::{HostFn, owned};
use crate::abi::core::{CoreCaller, text, visit};
use crate::guest_state::{GuestState, spend};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::component::WasmStr;
use weir_component::contract::CountersFunction;

/// Distinct names that an instance keeps resolved; a flood of names is looked up each time instead of growing this.
const KEPT: usize = 64;

pub(super) fn link(function: CountersFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        CountersFunction::Add => here.at_once(
            |mut caller, (name, value): (WasmStr, u64)| {
                let name = owned(&caller, &name)?;
                spend(caller.data_mut())?;
                add(caller.data_mut(), &name, value);
                Ok(())
            },
            |mut caller: CoreCaller<'_>, at: u32, len: u32, value: u64| {
                visit(&mut caller, |host, memory| {
                    add(host, text(memory, at, len)?, value);
                    Ok(())
                })
            },
        ),
    }
}

/// Adds to a counter, which stays at the highest number there is: one that went back to zero would tell a scraper that the
/// gateway began anew, and its sums be wrong for good.
fn raise(counter: &AtomicU64, value: u64) {
    let more = |count: u64| Some(count.saturating_add(value));
    // It cannot fail: `more` never answers none.
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
}

fn add(host: &mut GuestState, name: &str, value: u64) {
    if let Some(counter) = host.counters.get(name) {
        raise(counter, value);
        return;
    }
    let counter = host.tenant_state.counters.named(name);
    raise(&counter, value);
    if host.counters.len() < KEPT && name.len() <= 64 {
        host.counters.insert(name.into(), Arc::clone(&counter));
    }
}
