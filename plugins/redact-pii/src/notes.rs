//! What one call of the `event` hook leaves to the next about the events that it holds back.
//!
//! An event comes back whole, also where its beginning belongs to something that was decided with the events before it.
//! That is rare; where it happens a note says how much of the beginning that is.

use weir_plugin::{HostError, notes};

const KEY: &str = "head";
const BYTES: usize = 12;

/// How much of the first text that comes back for a choice is decided; in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Belongs to a match, in whose place the replacement was sent already.
    pub(crate) cut: usize,
    /// Comes after that and goes out as it is.
    pub(crate) keep: usize,
}

/// The notes of all choices.
pub(crate) type Heads = Vec<(u32, Head)>;

pub(crate) fn read() -> Heads {
    let bytes = notes::get(KEY).unwrap_or_default();
    bytes.as_chunks::<BYTES>().0.iter().map(decode).collect()
}

pub(crate) fn write(heads: &Heads) -> Result<(), HostError> {
    let bytes: Vec<u8> = heads.iter().flat_map(encode).collect();
    notes::set(KEY, &bytes)
}

fn encode((choice, head): &(u32, Head)) -> Vec<u8> {
    let short = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    [*choice, short(head.cut), short(head.keep)].iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn decode(bytes: &[u8; BYTES]) -> (u32, Head) {
    let [a, b, c, d, rest @ ..] = *bytes;
    let [e, f, g, h, rest @ ..] = rest;
    let size = |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    (u32::from_le_bytes([a, b, c, d]), Head { cut: size([e, f, g, h]), keep: size(rest) })
}
