//! Reading a guest's answers: the canonical ABI's lifting, for the types of the contract. Everything is checked as the
//! component layer would: places and lengths, numbers of cases, UTF-8.

use crate::abi::contract::{Assignment, Choice, Edit, PluginRefusal, Routing};
use wasmtime::Error;

/// A reader of one answer.
pub(super) struct AnswerLifter<'a> {
    memory: &'a [u8],
    /// Bytes that the answer may still carry out of the guest.
    left: usize,
}

type Read<T> = wasmtime::Result<T>;

/// Bytes of what `lifecycle.init` answers.
const STARTED: usize = 12;
/// Bytes of what every hook answers that answers anything: none of them is longer than a refusal.
const ANSWERED: usize = 24;

impl<'a> AnswerLifter<'a> {
    pub(super) fn new(memory: &'a [u8], most: usize) -> Self {
        Self { memory, left: most }
    }

    fn take(&mut self, at: u32, length: usize) -> Read<&'a [u8]> {
        let left = self.left.checked_sub(length).ok_or_else(|| Error::msg("too much data in one answer"))?;
        self.left = left;
        slice(self.memory, at, length)
    }

    fn fixed<const N: usize>(&self, at: u32) -> Read<[u8; N]> {
        Ok(slice(self.memory, at, N)?.try_into()?)
    }

    fn case(&self, at: u32) -> Read<u8> {
        self.fixed::<1>(at).map(u8::from_le_bytes)
    }

    fn number(&self, at: u32) -> Read<u32> {
        self.fixed(at).map(u32::from_le_bytes)
    }

    /// A string by the place where its place and length are.
    fn text(&mut self, at: u32) -> Read<String> {
        let (start, length) = (self.number(at)?, self.number(at.saturating_add(4))?);
        let bytes = self.take(start, usize::try_from(length)?)?;
        Ok(std::str::from_utf8(bytes)?.to_owned())
    }

    /// A list of elements of `size` bytes.
    fn list<T>(&mut self, at: u32, size: u32, element: fn(&mut Self, u32) -> Read<T>) -> Read<Vec<T>> {
        let (start, count) = (self.number(at)?, self.number(at.saturating_add(4))?);
        let bytes = usize::try_from(u64::from(count) * u64::from(size))?;
        self.take(start, bytes)?;
        if !start.is_multiple_of(4) {
            return Err(Error::msg("list pointer is not aligned"));
        }
        (0..count).map(|n| element(self, start.saturating_add(n.saturating_mul(size)))).collect()
    }

    /// `result<T, E>`, both aligned to four bytes. All of its `size` bytes have to be there, whichever of the two it is.
    fn result<T, E>(
        &mut self,
        at: u32,
        size: usize,
        ok: impl FnOnce(&mut Self, u32) -> Read<T>,
        err: impl FnOnce(&mut Self, u32) -> Read<E>,
    ) -> Read<Result<T, E>> {
        if !at.is_multiple_of(4) {
            return Err(Error::msg("return pointer not aligned"));
        }
        slice(self.memory, at, size)?;
        match self.case(at)? {
            0 => ok(self, at.saturating_add(4)).map(Ok),
            1 => err(self, at.saturating_add(4)).map(Err),
            _ => Err(Error::msg("invalid expected discriminant")),
        }
    }

    /// What `lifecycle.init` answers.
    pub(super) fn started(&mut self, at: u32) -> Read<Result<(), String>> {
        self.result(at, STARTED, |_, _| Ok(()), Self::text)
    }

    /// What most hooks answer.
    pub(super) fn verdict(&mut self, at: u32) -> Read<Result<(), PluginRefusal>> {
        self.result(at, ANSWERED, |_, _| Ok(()), Self::refusal)
    }

    /// What `router.route` answers.
    pub(super) fn routing(&mut self, at: u32) -> Read<Result<Routing, PluginRefusal>> {
        let routing = |reader: &mut Self, at: u32| match reader.case(at)? {
            0 => Ok(Routing::Keep),
            1 => reader.list(at.saturating_add(4), 12, Self::choice).map(Routing::Order),
            _ => Err(Error::msg("invalid discriminant of a routing")),
        };
        self.result(at, ANSWERED, routing, Self::refusal)
    }

    /// What `event.on-events` answers.
    pub(super) fn edits(&mut self, at: u32) -> Read<Result<Vec<Edit>, PluginRefusal>> {
        self.result(at, ANSWERED, |reader, at| reader.list(at, 12, Self::edit), Self::refusal)
    }

    fn refusal(&mut self, at: u32) -> Read<PluginRefusal> {
        let status = u16::from_le_bytes(self.fixed(at)?);
        let (code, message) = (self.text(at.saturating_add(4))?, self.text(at.saturating_add(12))?);
        Ok(PluginRefusal { status, code, message })
    }

    fn choice(&mut self, at: u32) -> Read<Choice> {
        let candidate = self.number(at)?;
        Ok(Choice { candidate, overrides: self.list(at.saturating_add(4), 16, Self::assignment)? })
    }

    fn assignment(&mut self, at: u32) -> Read<Assignment> {
        Ok(Assignment { pointer: self.text(at)?, value: self.text(at.saturating_add(8))? })
    }

    fn edit(&mut self, at: u32) -> Read<Edit> {
        let text = at.saturating_add(4);
        match self.case(at)? {
            0 => Ok(Edit::Pass),
            1 => self.text(text).map(Edit::Text),
            2 => self.text(text).map(Edit::Data),
            3 => Ok(Edit::Drop),
            4 => Ok(Edit::Hold),
            _ => Err(Error::msg("invalid discriminant of an edit")),
        }
    }
}

/// Bytes of a guest's memory.
pub(super) fn slice(memory: &[u8], at: u32, length: usize) -> Read<&[u8]> {
    let at = usize::try_from(at)?;
    let slice = at.checked_add(length).and_then(|end| memory.get(at..end));
    slice.ok_or_else(|| Error::msg("pointer out of bounds of memory"))
}
