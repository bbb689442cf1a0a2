//! The names of the objects that a cursor stands in, so that none comes twice in one of them.
//!
//! RFC 8259 section 4 leaves open what two members of one name mean, and parsers differ in which of them they keep: whoever
//! looks at such a text for somebody else may have looked at another one.

use std::borrow::Cow;
use std::cell::Cell;

use super::kind::MAX_MEMBERS;
use super::{JsonSyntaxError, MemberName, decode_key};

/// So many names of one object are compared with one another; more are sorted.
const FEW: usize = 32;
/// So much room is kept for the next text of this thread.
const KEPT: usize = 512;

/// One name: where it stands, and what tells it from most others.
#[derive(Debug, Clone, Copy)]
struct Name {
    sign: u64,
    start: usize,
    len: u32,
    escaped: bool,
}

#[derive(Debug, Default)]
struct Open {
    names: Vec<Name>,
    /// For each object that is open, how many names there were before it.
    starts: Vec<usize>,
}

thread_local! {
    /// Lent from text to text, so that most cost no allocation.
    static SPARE: Cell<Option<Box<Open>>> = const { Cell::new(None) };
}

/// The names met so far in every object that is open, where none may come twice; nothing where that is not asked for.
#[derive(Debug)]
pub(super) struct MemberNames(Option<Box<Open>>);

impl MemberNames {
    /// For a text in which names may come as they like.
    pub(super) const ANY: Self = Self(None);

    /// For one in which they may not.
    pub(super) fn unique() -> Self {
        Self(Some(SPARE.take().unwrap_or_default()))
    }

    /// An object begins.
    #[inline]
    pub(super) fn open(&mut self) {
        if let Some(open) = &mut self.0 {
            open.starts.push(open.names.len());
        }
    }

    /// A name of the object that began last; its first byte is the one at `start`.
    #[inline]
    pub(super) fn meet(&mut self, key: &MemberName<'_>, start: usize) -> Result<(), JsonSyntaxError> {
        match &mut self.0 {
            None => Ok(()),
            Some(open) => open.meet(key, start),
        }
    }

    /// The object that began last ends.
    #[inline]
    pub(super) fn close(&mut self, bytes: &[u8]) -> Result<(), JsonSyntaxError> {
        match &mut self.0 {
            None => Ok(()),
            Some(open) => open.close(bytes),
        }
    }
}

impl Open {
    fn meet(&mut self, key: &MemberName<'_>, start: usize) -> Result<(), JsonSyntaxError> {
        if self.names.len() >= MAX_MEMBERS {
            return Err(JsonSyntaxError::TooManyMembers { at: start });
        }
        let sign = match key.escaped {
            false => sign(key.raw),
            true => sign(decode_key(key.raw).as_deref().map_or(key.raw, str::as_bytes)),
        };
        let len = u32::try_from(key.raw.len()).unwrap_or(u32::MAX);
        self.names.push(Name { sign, start, len, escaped: key.escaped });
        Ok(())
    }

    fn close(&mut self, bytes: &[u8]) -> Result<(), JsonSyntaxError> {
        let start = self.starts.pop().unwrap_or(0);
        let twice = match self.names.get_mut(start..) {
            Some(names) if names.len() <= FEW => among_few(bytes, names),
            Some(names) => among_many(bytes, names),
            None => None,
        };
        self.names.truncate(start);
        twice.map_or(Ok(()), |at| Err(JsonSyntaxError::Duplicate { at }))
    }

    fn give_back(mut self: Box<Self>) {
        self.names.clear();
        self.starts.clear();
        if self.names.capacity() <= KEPT {
            // A thread that ends has none any more.
            let _kept = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

impl Clone for MemberNames {
    fn clone(&self) -> Self {
        let copy = |open: &Open| Box::new(Open { names: open.names.clone(), starts: open.starts.clone() });
        Self(self.0.as_deref().map(copy))
    }
}

impl Drop for MemberNames {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.give_back();
        }
    }
}

/// Tells most names apart; equal names have the same.
fn sign(name: &[u8]) -> u64 {
    let first = name.first_chunk::<8>().map(|first| u64::from_le_bytes(*first));
    let first = first.unwrap_or_else(|| name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    first.rotate_left(5) ^ u64::try_from(name.len()).unwrap_or(u64::MAX)
}

/// Where a name stands that stood before among these.
fn among_few(bytes: &[u8], names: &[Name]) -> Option<usize> {
    let mut rest = names;
    while let Some((name, more)) = rest.split_first() {
        let same = |other: &&Name| other.sign == name.sign && text(bytes, name) == text(bytes, other);
        if let Some(other) = more.iter().find(same) {
            return Some(other.start);
        }
        rest = more;
    }
    None
}

/// The same among so many that comparing each with each would take long.
fn among_many(bytes: &[u8], names: &mut [Name]) -> Option<usize> {
    names.sort_by_cached_key(|name| text(bytes, name));
    let same = names.array_windows().find(|[a, b]| text(bytes, a) == text(bytes, b));
    same.map(|[a, b]| a.start.max(b.start))
}

/// The name as a reader has it; as it stands if no reader can.
fn text<'a>(bytes: &'a [u8], name: &Name) -> Cow<'a, [u8]> {
    let len = usize::try_from(name.len).unwrap_or(usize::MAX);
    let raw = bytes.get(name.start..name.start.saturating_add(len)).unwrap_or_default();
    let decoded = if name.escaped { decode_key(raw) } else { None };
    match decoded {
        Some(decoded) => Cow::Owned(decoded.into_owned().into_bytes()),
        None => Cow::Borrowed(raw),
    }
}
