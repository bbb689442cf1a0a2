//! Handing strings and lists to a guest: the canonical ABI's lowering, a piece at a time.
//!
//! A piece is what the guest's allocator is asked for in one go: the elements of a list, or the bytes of one string. The
//! driver asks for room and comes back with the place (`host/component/src/direct/driver.rs`). Sizes, alignments and places
//! of fields are those of the canonical ABI for the types of the contract.

use crate::contract::{Candidate, Piece, StreamEvent, Text};
use bytes::Bytes;
use std::sync::Arc;

/// Bytes of a `piece` in a list: three strings, and between them its kind, choice, call and event.
const PIECE: usize = 44;

/// What the driver is told when everything is where it belongs.
const DONE: i64 = -1;

/// An answer on its way into a guest.
#[derive(Debug)]
pub(crate) enum Given {
    /// One byte: no value, or success without a value.
    Byte(u8),
    /// Success with a truth value.
    Truth(bool),
    /// Success with a number.
    Number(i64),
    /// Strings or lists, at once.
    Plain(Content),
    /// The same as the value of an option, or as an error.
    Tagged(Content),
    /// The same beside a success of eight bytes.
    Wide(Content),
}

/// Strings and lists.
#[derive(Debug, Default)]
pub(crate) enum Content {
    #[default]
    Nothing,
    Name(Arc<str>),
    Fixed(&'static str),
    Text(String),
    Bytes(Bytes),
    Texts(Arc<[Text]>),
    Pieces(Arc<[Piece]>),
    Strings(Vec<String>),
    Pairs(Vec<(String, String)>),
    Candidates(Arc<[Candidate]>),
    Events(Vec<StreamEvent>),
}

impl Content {
    /// Number of elements, bytes of each and their alignment, if this is a list of other than bytes.
    fn list(&self) -> Option<(usize, usize, u32)> {
        match self {
            Self::Nothing | Self::Name(_) | Self::Fixed(_) | Self::Text(_) | Self::Bytes(_) => None,
            Self::Texts(all) => Some((all.len(), 16, 4)),
            Self::Pieces(all) => Some((all.len(), PIECE, 4)),
            Self::Strings(all) => Some((all.len(), 8, 4)),
            Self::Pairs(all) => Some((all.len(), 16, 4)),
            Self::Candidates(all) => Some((all.len(), 40, 8)),
            Self::Events(all) => Some((all.len(), 12, 4)),
        }
    }

    /// The `n`th string, and where in the list its place and length are kept.
    fn piece(&self, n: usize) -> Option<(&[u8], usize)> {
        let halves = (n / 2, n.is_multiple_of(2));
        match self {
            Self::Nothing => None,
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

    /// Writes what is in a list beside strings.
    fn fields(&self, list: &mut [u8]) {
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
                    let fields: [(usize, &[u8]); 5] = [
                        (8, &[one.kind as u8]),
                        (20, &one.choice.to_le_bytes()),
                        (24, &[u8::from(one.call.is_some())]),
                        (28, &one.call.unwrap_or(0).to_le_bytes()),
                        (32, &one.event.to_le_bytes()),
                    ];
                    for (at, bytes) in fields {
                        let _ = put(to, at, bytes);
                    }
                }
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

/// Writes into a guest's memory.
pub(super) fn put(memory: &mut [u8], at: usize, bytes: &[u8]) -> wasmtime::Result<()> {
    let to = at.checked_add(bytes.len()).and_then(|end| memory.get_mut(at..end));
    to.ok_or_else(|| wasmtime::Error::msg("an answer has its place outside of the memory"))?.copy_from_slice(bytes);
    Ok(())
}

/// Where the place and length of the whole go.
#[derive(Debug, Default, Clone, Copy)]
enum Whole {
    /// To an argument of the hook: the driver asks for it.
    #[default]
    Argument,
    /// Into the guest's memory.
    Memory(usize),
}

/// The handing-over at hand.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    content: Content,
    whole: Whole,
    /// Where the list is, once it has room.
    list: Option<usize>,
    /// Strings that are there.
    done: usize,
    /// Place and length of what was handed over as an argument.
    handed: i64,
}

impl Parcel {
    /// Whether something is being handed over.
    pub(crate) fn under_way(&self) -> bool {
        !matches!(self.content, Content::Nothing)
    }

    /// Keeps an argument until the driver asks for it.
    pub(crate) fn argument(&mut self, content: Content) {
        *self = Self { content, ..Self::default() };
    }

    /// Begins to hand over the argument; answers the room for its first piece.
    pub(super) fn begin_argument(&self) -> wasmtime::Result<i64> {
        self.next()
    }

    /// Place and length of the argument that was handed over.
    pub(super) fn handed(&self) -> i64 {
        self.handed
    }

    /// Begins to hand over an answer; answers the room for its first piece, or that it is done.
    pub(super) fn begin(&mut self, memory: &mut [u8], to: u32, given: Given) -> wasmtime::Result<i64> {
        if !to.is_multiple_of(if matches!(given, Given::Number(_) | Given::Wide(_)) { 8 } else { 4 }) {
            return Err(wasmtime::Error::msg("pointer not aligned"));
        }
        let to = usize::try_from(to)?;
        let (content, at) = match given {
            Given::Byte(byte) => return put(memory, to, &[byte]).map(|()| DONE),
            Given::Truth(truth) => {
                put(memory, to, &[0])?;
                return put(memory, to.saturating_add(4), &[u8::from(truth)]).map(|()| DONE);
            }
            Given::Number(number) => {
                put(memory, to, &[0])?;
                return put(memory, to.saturating_add(8), &number.to_le_bytes()).map(|()| DONE);
            }
            Given::Plain(content) => (content, to),
            Given::Tagged(content) => (content, to.saturating_add(4)),
            Given::Wide(content) => (content, to.saturating_add(8)),
        };
        if at != to {
            put(memory, to, &[1])?;
        }
        *self = Self { content, whole: Whole::Memory(at), ..Self::default() };
        self.next()
    }

    /// The room for the next piece, as the driver reads it.
    fn next(&self) -> wasmtime::Result<i64> {
        let (bytes, align) = match (self.content.list(), self.list) {
            (Some((count, size, align)), None) => (count * size, align),
            _ => match self.content.piece(self.done) {
                Some((piece, _)) => (piece.len(), 1),
                None => return Ok(DONE),
            },
        };
        Ok(i64::from(align) << 32 | i64::from(i32::try_from(bytes)?))
    }

    /// Puts the piece that room was asked for where the guest made it; answers the room for the next one.
    pub(super) fn place(&mut self, memory: &mut [u8], at: u32) -> wasmtime::Result<i64> {
        let at = usize::try_from(at)?;
        if let (Some((count, size, align)), None) = (self.content.list(), self.list) {
            if !at.is_multiple_of(usize::try_from(align)?) {
                return Err(wasmtime::Error::msg("realloc return: result not aligned"));
            }
            self.content.fields(room(memory, at, count * size)?);
            self.list = Some(at);
            if count == 0 {
                return self.end(memory, at, 0);
            }
            return self.next();
        }
        let Some((piece, kept)) = self.content.piece(self.done) else {
            return Err(wasmtime::Error::msg("nothing is being handed over"));
        };
        room(memory, at, piece.len())?.copy_from_slice(piece);
        let length = piece.len();
        let Some(list) = self.list else { return self.end(memory, at, length) };
        write_slice(memory, list + kept, at, length)?;
        self.done += 1;
        match self.next()? {
            DONE => {
                let count = self.content.list().map_or(0, |(count, ..)| count);
                self.end(memory, list, count)
            }
            more => Ok(more),
        }
    }

    /// Everything is there: says where.
    fn end(&mut self, memory: &mut [u8], at: usize, length: usize) -> wasmtime::Result<i64> {
        match self.whole {
            Whole::Argument => self.handed = i64::try_from(length << 32 | at)?,
            Whole::Memory(to) => write_slice(memory, to, at, length)?,
        }
        self.content = Content::Nothing;
        Ok(DONE)
    }
}

/// The room that the guest made.
fn room(memory: &mut [u8], at: usize, length: usize) -> wasmtime::Result<&mut [u8]> {
    let room = at.checked_add(length).and_then(|end| memory.get_mut(at..end));
    room.ok_or_else(|| wasmtime::Error::msg("realloc return: beyond end of memory"))
}

/// Writes place and length of a string or list.
fn write_slice(memory: &mut [u8], to: usize, at: usize, length: usize) -> wasmtime::Result<()> {
    let mut both = [0; 8];
    for (half, number) in both.chunks_exact_mut(4).zip([at, length]) {
        half.copy_from_slice(&u32::try_from(number)?.to_le_bytes());
    }
    put(memory, to, &both)
}
