//! `weir:plugin/clock`: the time, too coarse to measure anything by.

use super::offer::HostFn;
use crate::direct::{CoreCaller, visit};
use crate::guest_state::{GuestState, spend};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time moves in steps of so many milliseconds, and from call to call only: nothing of what shares the processor
/// can be told from it.
const STEP_MS: u64 = 10;

pub(super) fn link(here: HostFn<'_>) -> wasmtime::Result<()> {
    match here {
        HostFn::Component(mut here) => here.func_wrap("now-ms", |mut caller, ()| {
            spend(caller.data_mut())?;
            Ok((now(caller.data_mut()),))
        }),
        HostFn::Direct(linker, interface) => {
            let call = |mut caller: CoreCaller<'_>| visit(&mut caller, |host, _| Ok(now(host)));
            linker.func_wrap(interface, "now-ms", call).map(drop)
        }
    }
}

fn now(host: &mut GuestState) -> u64 {
    *host.budget.now_ms.get_or_insert_with(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        ms - ms % STEP_MS
    })
}
