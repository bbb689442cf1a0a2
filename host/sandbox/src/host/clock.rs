//! `weir:plugin/clock`: the time, too coarse to measure anything by.

use super::host_fn::HostFn;
use crate::abi::core::{CoreCaller, visit};
use crate::guest_state::{GuestState, spend};
use std::time::{SystemTime, UNIX_EPOCH};
use weir_component::contract::ClockFunction;

/// The time moves in steps of so many milliseconds, and from call to call only: nothing of what shares the processor
/// can be told from it.
const STEP_MS: u64 = 10;

pub(super) fn link(function: ClockFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        ClockFunction::NowMs => here.at_once(
            |mut caller, ()| {
                spend(caller.data_mut())?;
                Ok((now(caller.data_mut()),))
            },
            |mut caller: CoreCaller<'_>| visit(&mut caller, |host, _| Ok(now(host))),
        ),
    }
}

fn now(host: &mut GuestState) -> u64 {
    *host.budget.now_ms.get_or_insert_with(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        ms - ms % STEP_MS
    })
}
