//! What one call of the `event` hook leaves to the next about the texts that it has begun.
//!
//! An event that is held comes back whole, also where its beginning was decided with the events before it; and where the
//! arguments of a tool break off, it matters whether that is within a string. Both are rare enough to be noted.

use weir_plugin::{HostError, notes};

const KEY: &str = "head";
const BYTES: usize = 17;

/// A text: its choice, and which of that choice it is; 0 is the content.
pub(crate) type Name = (u32, u32);

/// How much of what comes back of a text, or comes next, is decided; in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Belongs to a match, in whose place the replacement was sent already.
    pub(crate) cut: usize,
    /// Comes after that and goes out as it is.
    pub(crate) keep: usize,
    /// It begins within a string of JSON.
    pub(crate) inside: bool,
}

/// The notes of all texts, those without anything to note left out.
pub(crate) type Heads = Vec<(Name, Head)>;

pub(crate) fn read() -> Heads {
    let bytes = notes::get(KEY).unwrap_or_default();
    bytes.as_chunks::<BYTES>().0.iter().map(decode).collect()
}

pub(crate) fn write(heads: &Heads) -> Result<(), HostError> {
    let bytes: Vec<u8> = heads.iter().flat_map(encode).collect();
    notes::set(KEY, &bytes)
}

fn encode(((choice, text), head): &(Name, Head)) -> Vec<u8> {
    let short = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    let numbers = [*choice, *text, short(head.cut), short(head.keep)];
    numbers.iter().flat_map(|number| number.to_le_bytes()).chain([u8::from(head.inside)]).collect()
}

fn decode(bytes: &[u8; BYTES]) -> (Name, Head) {
    let [numbers @ .., inside] = *bytes;
    let mut numbers = numbers.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number));
    let mut next = || numbers.next().unwrap_or_default();
    let name = (next(), next());
    let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
    (name, Head { cut: size(next()), keep: size(next()), inside: inside != 0 })
}
