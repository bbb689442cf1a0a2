//! `weir:plugin/random`: random bytes from the operating system.

use super::offer::HostFn;
use crate::guest_state::GuestState;
use bytes::Bytes;

/// Bytes of one answer (`random.bytes` in the contract).
const MOST: usize = 4096;

pub(super) fn link(mut here: HostFn<'_>) -> wasmtime::Result<()> {
    here.number("bytes", bytes)
}

fn bytes(_: &mut GuestState, count: u32) -> wasmtime::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(MOST).min(MOST)];
    // A guest that asks for a key must not go on with zeros.
    getrandom::fill(&mut bytes).map_err(|why| wasmtime::Error::msg(format!("no random bytes: {why}")))?;
    Ok(bytes.into())
}
