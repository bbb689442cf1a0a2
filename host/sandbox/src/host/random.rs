//! `weir:plugin/random`: random bytes from the operating system.

use super::{Caller, Host, giving_way, spend};
use bytes::Bytes;
use wasmtime::component::Linker;

/// Bytes of one answer (`random.bytes` in the contract).
const MOST: usize = 4096;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut here = linker.instance("weir:plugin/random@0.1.0")?;
    here.func_wrap_async("bytes", |caller, params| giving_way(caller, params, bytes))
}

fn bytes(mut caller: Caller<'_>, (count,): (u32,)) -> wasmtime::Result<(Bytes,)> {
    spend(&mut caller)?;
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(MOST).min(MOST)];
    // A guest that asks for a key must not go on with zeros.
    getrandom::fill(&mut bytes).map_err(|why| wasmtime::Error::msg(format!("no random bytes: {why}")))?;
    Ok((bytes.into(),))
}
