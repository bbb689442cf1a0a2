//! `weir:plugin/clock`: the time, too coarse to measure anything by.

use super::{Host, Offer, spend};
use crate::direct::{Visitor, visit};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time moves in steps of so many milliseconds, and from call to call only: nothing of what shares the processor
/// can be told from it.
const STEP_MS: u64 = 10;

pub(super) fn link(here: Offer<'_>) -> wasmtime::Result<()> {
    match here {
        Offer::Component(mut here) => here.func_wrap("now-ms", |mut caller, ()| {
            spend(caller.data_mut())?;
            Ok((now(caller.data_mut()),))
        }),
        Offer::Direct(linker, interface) => {
            let call = |mut caller: Visitor<'_>| visit(&mut caller, |host, _| Ok(now(host)));
            linker.func_wrap(interface, "now-ms", call).map(drop)
        }
    }
}

fn now(host: &mut Host) -> u64 {
    *host.budget.now_ms.get_or_insert_with(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        ms - ms % STEP_MS
    })
}
