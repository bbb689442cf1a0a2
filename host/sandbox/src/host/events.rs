//! `weir:plugin/events`: the events of the call at hand, lent.

use super::{Caller, Host, giving_way, lent, spend};
use wasmtime::component::Linker;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/events@0.1.0")?;
    here.func_wrap_async("data", |caller, params| giving_way(caller, params, data))
}

fn data(mut caller: Caller<'_>, (index,): (u32,)) -> wasmtime::Result<(Option<String>,)> {
    spend(&mut caller)?;
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let data = lent(&mut caller).and_then(|x| x.events.get(index));
    Ok((data.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),))
}
