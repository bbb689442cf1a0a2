//! Handing strings and lists to a guest: the canonical ABI's lowering, a piece at a time.
//!
//! A piece is what the guest's allocator is asked for in one go: the elements of a list, or the bytes of one string. The
//! driver asks for room and comes back with the place (`host/component/src/direct/driver.rs`). Sizes, alignments and places
//! of fields are those of the canonical ABI for the types of the contract.

use super::content::{LoweredContent, put};

/// What the driver is told when everything is where it belongs.
const DONE: i64 = -1;

/// An answer on its way into a guest.
#[derive(Debug)]
pub(crate) enum ReplyLayout {
    /// One byte: no value, or success without a value.
    Byte(u8),
    /// Success with a truth value.
    Truth(bool),
    /// Success with a number.
    Number(i64),
    /// Strings or lists, at once.
    Plain(LoweredContent),
    /// The same as the value of an option, or as an error.
    Tagged(LoweredContent),
    /// The same beside a success of eight bytes.
    Wide(LoweredContent),
}

impl ReplyLayout {
    /// Bytes of the type that is answered: all of them have to be there, whichever case it is.
    fn size(&self) -> usize {
        match self {
            Self::Plain(LoweredContent::AllText(_)) | Self::Number(_) | Self::Wide(_) => 16,
            Self::Plain(_) => 8,
            Self::Byte(_) | Self::Truth(_) | Self::Tagged(_) => 12,
        }
    }
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
pub(crate) struct Lowering {
    content: LoweredContent,
    whole: Whole,
    /// What comes before the list is there.
    begun: bool,
    /// Where the list is, once it has room.
    list: Option<usize>,
    /// Strings that are there.
    done: usize,
    /// Place and length of what was handed over as an argument.
    handed: i64,
}

impl Lowering {
    /// Whether something is being handed over.
    pub(crate) fn under_way(&self) -> bool {
        !matches!(self.content, LoweredContent::Nothing)
    }

    /// Keeps an argument until the driver asks for it.
    pub(crate) fn argument(&mut self, content: LoweredContent) {
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
    pub(super) fn begin(&mut self, memory: &mut [u8], to: u32, given: ReplyLayout) -> wasmtime::Result<i64> {
        if !to.is_multiple_of(if matches!(given, ReplyLayout::Number(_) | ReplyLayout::Wide(_)) { 8 } else { 4 }) {
            return Err(wasmtime::Error::msg("pointer not aligned"));
        }
        let to = usize::try_from(to)?;
        if to.checked_add(given.size()).is_none_or(|end| end > memory.len()) {
            return Err(wasmtime::Error::msg("pointer out of bounds of memory"));
        }
        let (content, at) = match given {
            ReplyLayout::Byte(byte) => return put(memory, to, &[byte]).map(|()| DONE),
            ReplyLayout::Truth(truth) => {
                put(memory, to, &[0])?;
                return put(memory, to.saturating_add(4), &[u8::from(truth)]).map(|()| DONE);
            }
            ReplyLayout::Number(number) => {
                put(memory, to, &[0])?;
                return put(memory, to.saturating_add(8), &number.to_le_bytes()).map(|()| DONE);
            }
            ReplyLayout::Plain(content) => (content, to),
            ReplyLayout::Tagged(content) => (content, to.saturating_add(4)),
            ReplyLayout::Wide(content) => (content, to.saturating_add(8)),
        };
        if at != to {
            put(memory, to, &[1])?;
        }
        *self = Self { content, whole: Whole::Memory(at), ..Self::default() };
        self.next()
    }

    /// The string that is to be handed over before the list, if it is not there yet.
    fn before_list(&self) -> Option<&[u8]> {
        self.content.before_list().filter(|_| !self.begun)
    }

    /// The room for the next piece, as the driver reads it.
    fn next(&self) -> wasmtime::Result<i64> {
        if let Some(text) = self.before_list() {
            return asked(text.len(), 1);
        }
        let (bytes, align) = match (self.content.list(), self.list) {
            (Some((count, size, align)), None) => (count * size, align),
            _ => match self.content.piece(self.done) {
                Some((piece, _)) => (piece.len(), 1),
                None => return Ok(DONE),
            },
        };
        asked(bytes, align)
    }

    /// Puts the piece that room was asked for where the guest made it; answers the room for the next one.
    pub(super) fn place(&mut self, memory: &mut [u8], at: u32) -> wasmtime::Result<i64> {
        let at = usize::try_from(at)?;
        if let (Some(text), Whole::Memory(to)) = (self.before_list(), self.whole) {
            room(memory, at, text.len())?.copy_from_slice(text);
            write_slice(memory, to, at, text.len())?;
            (self.begun, self.whole) = (true, Whole::Memory(to.saturating_add(8)));
            return self.next();
        }
        if let (Some((count, size, align)), None) = (self.content.list(), self.list) {
            if !at.is_multiple_of(usize::try_from(align)?) {
                return Err(wasmtime::Error::msg("realloc return: result not aligned"));
            }
            self.content.fields(room(memory, at, count * size)?);
            self.list = Some(at);
            if self.content.piece(0).is_none() {
                return self.end(memory, at, count);
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
        self.content = LoweredContent::Nothing;
        Ok(DONE)
    }
}

/// What the driver is to ask the guest's allocator for.
fn asked(bytes: usize, align: u32) -> wasmtime::Result<i64> {
    Ok(i64::from(align) << 32 | i64::from(i32::try_from(bytes)?))
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
