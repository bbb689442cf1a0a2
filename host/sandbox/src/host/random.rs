//! `weir:plugin/random`: random bytes from the operating system.

use super::host_fn::HostFn;
use crate::guest_state::GuestState;
use bytes::Bytes;
use weir_component::contract::RandomFunction;

/// Bytes of one answer (`random.bytes` in the contract).
const MOST: usize = 4096;

pub(super) fn link(function: RandomFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        RandomFunction::Bytes => here.number(bytes),
    }
}

fn bytes(_: &mut GuestState, count: u32) -> wasmtime::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(MOST).min(MOST)];
    // A guest that asks for a key must not go on with zeros.
    getrandom::fill(&mut bytes).map_err(|why| wasmtime::Error::msg(format!("no random bytes: {why}")))?;
    Ok(bytes.into())
}
