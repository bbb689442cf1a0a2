//! `weir:plugin/upstream`: who is asked.

use super::{Caller, Host, lent, spend};
use crate::exchange::Asked;
use std::sync::Arc;
use wasmtime::component::Linker;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/upstream@0.1.0")?;
    here.func_wrap("provider", |caller, ()| named(caller, |asked| &asked.provider))?;
    here.func_wrap("model", |caller, ()| named(caller, |asked| &asked.model))
}

/// A name of who is asked; empty before anybody is.
fn named(mut caller: Caller<'_>, name: fn(&Asked) -> &Arc<str>) -> wasmtime::Result<(Arc<str>,)> {
    spend(&mut caller)?;
    let asked = lent(&mut caller).and_then(|x| x.asked.as_ref());
    Ok((asked.map_or_else(|| "".into(), |asked| Arc::clone(name(asked))),))
}
