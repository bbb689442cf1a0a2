//! `weir:plugin/events`: the events of the call at hand, lent.

use super::{Host, Offer};

pub(super) fn link(mut here: Offer<'_>) -> wasmtime::Result<()> {
    here.number("data", data)
}

fn data(host: &mut Host, index: u32) -> wasmtime::Result<Option<String>> {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let data = host.lent().and_then(|x| x.events.get(index));
    Ok(data.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}
