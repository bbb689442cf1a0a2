//! `weir:plugin/clock`: the time, too coarse to measure anything by.

use super::{Caller, Host, spend};
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime::component::Linker;

/// The time moves in steps of so many milliseconds, and from call to call only: nothing of what shares the processor
/// can be told from it.
const STEP_MS: u64 = 10;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.instance("weir:plugin/clock@0.1.0")?.func_wrap("now-ms", now)
}

fn now(mut caller: Caller<'_>, (): ()) -> wasmtime::Result<(u64,)> {
    spend(&mut caller)?;
    let now = caller.data_mut().budget.now_ms.get_or_insert_with(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        ms - ms % STEP_MS
    });
    Ok((*now,))
}
