//! What is handed over to guests: strings and lists, and how they lie in memory by the canonical ABI.

use crate::abi::contract::{AllText, Candidate, Passage, Piece, StreamEvent, Text};
use bytes::Bytes;
use std::sync::Arc;

/// Bytes of a `piece` in a list: three strings, and between them its kind, choice, call and event.
const PIECE: usize = 44;
/// Bytes of a `passage`: kind and role, choice, call, event, group and end.
const PASSAGE: usize = 28;

/// Strings and lists.
#[derive(Debug, Default)]
pub(crate) enum LoweredContent {
    #[default]
    Nothing,
    Name(Arc<str>),
    Fixed(&'static str),
    Text(String),
    Bytes(Bytes),
    Texts(Arc<[Text]>),
    Pieces(Arc<[Piece]>),
    /// A string, and a list beside it.
    AllText(AllText),
    Strings(Vec<String>),
    Pairs(Vec<(String, String)>),
    Candidates(Arc<[Candidate]>),
    Events(Vec<StreamEvent>),
}

impl LoweredContent {
    /// Number of elements, bytes of each and their alignment, if this is a list of other than bytes.
    pub(super) fn list(&self) -> Option<(usize, usize, u32)> {
        match self {
            Self::Nothing | Self::Name(_) | Self::Fixed(_) | Self::Text(_) | Self::Bytes(_) => None,
            Self::Texts(all) => Some((all.len(), 16, 4)),
            Self::Pieces(all) => Some((all.len(), PIECE, 4)),
            Self::AllText(all) => Some((all.passages.len(), PASSAGE, 4)),
            Self::Strings(all) => Some((all.len(), 8, 4)),
            Self::Pairs(all) => Some((all.len(), 16, 4)),
            Self::Candidates(all) => Some((all.len(), 40, 8)),
            Self::Events(all) => Some((all.len(), 12, 4)),
        }
    }

    /// The string that is handed over before the list, and has its place and length before those of the list.
    pub(super) fn before_list(&self) -> Option<&[u8]> {
        if let Self::AllText(all) = self { Some(all.text.as_bytes()) } else { None }
    }

    /// The `n`th string, and where in the list its place and length are kept.
    pub(super) fn piece(&self, n: usize) -> Option<(&[u8], usize)> {
        let halves = (n / 2, n.is_multiple_of(2));
        match self {
            Self::Nothing | Self::AllText(_) => None,
            Self::Name(text) => (n == 0).then_some((text.as_bytes(), 0)),
            Self::Fixed(text) => (n == 0).then_some((text.as_bytes(), 0)),
            Self::Text(text) => (n == 0).then_some((text.as_bytes(), 0)),
            Self::Bytes(bytes) => (n == 0).then_some((bytes, 0)),
            Self::Texts(all) => {
                let text = all.get(halves.0)?;
                Some((if halves.1 { text.role.as_bytes() } else { text.text.as_bytes() }, n * 8))
            }
            Self::Pieces(all) => {
                let piece = all.get(n / 3)?;
                let (text, field) = match n % 3 {
                    0 => (&*piece.pointer, 0),
                    1 => (&*piece.role, 12),
                    _ => (&*piece.text, 36),
                };
                Some((text.as_bytes(), n / 3 * PIECE + field))
            }
            Self::Strings(all) => Some((all.get(n)?.as_bytes(), n * 8)),
            Self::Pairs(all) => {
                let (name, value) = all.get(halves.0)?;
                Some((if halves.1 { name.as_bytes() } else { value.as_bytes() }, n * 8))
            }
            Self::Candidates(all) => {
                let one = all.get(halves.0)?;
                let (text, field) = if halves.1 { (&one.provider, 0) } else { (&one.model, 8) };
                Some((text.as_bytes(), halves.0 * 40 + field))
            }
            Self::Events(all) => Some((all.get(n)?.text.as_bytes(), n * 12 + 4)),
        }
    }

    /// Writes what is in a list beside strings, and nothing between its fields.
    pub(super) fn fields(&self, list: &mut [u8]) {
        match self {
            Self::Candidates(all) => {
                for (to, one) in list.chunks_exact_mut(40).zip(all.iter()) {
                    let fields: [(usize, &[u8]); 3] = [
                        (16, &[u8::from(one.healthy)]),
                        (24, &one.input_price.to_le_bytes()),
                        (32, &one.output_price.to_le_bytes()),
                    ];
                    for (at, bytes) in fields {
                        let _ = put(to, at, bytes);
                    }
                }
            }
            Self::Pieces(all) => {
                for (to, one) in list.chunks_exact_mut(PIECE).zip(all.iter()) {
                    let fields: [(usize, &[u8]); 4] = [
                        (8, &[one.kind as u8]),
                        (20, &one.choice.to_le_bytes()),
                        (24, &[u8::from(one.call.is_some())]),
                        (32, &one.event.to_le_bytes()),
                    ];
                    for (at, bytes) in fields {
                        let _ = put(to, at, bytes);
                    }
                    if let Some(call) = one.call {
                        let _ = put(to, 28, &call.to_le_bytes());
                    }
                }
            }
            Self::AllText(all) => {
                let (list, _) = list.as_chunks_mut();
                list.iter_mut().zip(all.passages.iter()).for_each(|(to, one)| passage(to, one));
            }
            Self::Events(all) => {
                for (to, one) in list.chunks_exact_mut(12).zip(all) {
                    let _ = put(to, 0, &one.choice.to_le_bytes());
                }
            }
            Self::Nothing
            | Self::Name(_)
            | Self::Fixed(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Texts(_)
            | Self::Strings(_)
            | Self::Pairs(_) => {}
        }
    }
}

/// Writes a `passage` as it lies in memory. What is between its fields stays as it is, and so does the number of a call that
/// there is not: that is how the component layer does it.
fn passage(to: &mut [u8; PASSAGE], one: &Passage) {
    to[0] = one.kind as u8;
    to[1] = one.role as u8;
    to[4..8].copy_from_slice(&one.choice.to_le_bytes());
    to[8] = u8::from(one.call.is_some());
    if let Some(call) = one.call {
        to[12..16].copy_from_slice(&call.to_le_bytes());
    }
    to[16..20].copy_from_slice(&one.event.to_le_bytes());
    to[20..24].copy_from_slice(&one.group.to_le_bytes());
    to[24..28].copy_from_slice(&one.end.to_le_bytes());
}

/// Writes into a guest's memory.
pub(super) fn put(memory: &mut [u8], at: usize, bytes: &[u8]) -> wasmtime::Result<()> {
    let to = at.checked_add(bytes.len()).and_then(|end| memory.get_mut(at..end));
    to.ok_or_else(|| wasmtime::Error::msg("an answer has its place outside of the memory"))?.copy_from_slice(bytes);
    Ok(())
}
