//! The machine under the walkers: a position in a JSON text that moves forward only.

mod start;

use super::names::MemberNames;
use super::scan;
use super::span::{Span, Token};
use super::trace::Trace;
use super::{JsonKind, JsonSyntaxError, MAX_DEPTH, MemberName};

/// A position in a JSON text. It moves forward only, checks what it passes, and keeps one bit for each level of
/// nesting, so that neither the stack nor the heap grows with the text.
///
/// After [`next_key`](Self::next_key) or a true [`next_element`](Self::next_element) the caller takes the value, by
/// [`skip`](Self::skip), [`text`](Self::text), [`enter_object`](Self::enter_object) or
/// [`enter_array`](Self::enter_array); a caller that forgets gets a [`JsonSyntaxError::Syntax`].
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The text holds no control character, or was checked before.
    plain: bool,
    depth: u32,
    /// Bit 0 is the innermost level: set for an object, clear for an array.
    objects: u128,
    /// The innermost level was just opened: no comma is due before its first entry.
    fresh: bool,
    /// Those of the objects that are open, where none may come twice.
    names: MemberNames,
    /// Strings and numbers that were passed, where somebody wants to know.
    trace: Trace,
}

impl<'a> Cursor<'a> {
    /// The offset of the next byte that was not passed yet.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Steps over white space and answers what kind of value stands there.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`] if no value begins there.
    pub fn kind(&mut self) -> Result<JsonKind, JsonSyntaxError> {
        match self.peek() {
            Some(b'{') => Ok(JsonKind::Object),
            Some(b'[') => Ok(JsonKind::Array),
            Some(b'"') => Ok(JsonKind::String),
            Some(b'-' | b'0'..=b'9') => Ok(JsonKind::Number),
            Some(b't' | b'f') => Ok(JsonKind::Bool),
            Some(b'n') => Ok(JsonKind::Null),
            Some(_) => self.wrong("expected a value"),
            None => self.wrong("expected a value, found the end"),
        }
    }

    /// Steps into an object.
    ///
    /// # Errors
    /// [`JsonSyntaxError::NotObject`] if another value stands there, [`JsonSyntaxError::TooDeep`], [`JsonSyntaxError::Syntax`].
    pub fn enter_object(&mut self) -> Result<(), JsonSyntaxError> {
        match self.kind()? {
            JsonKind::Object => self.open(true),
            found => Err(JsonSyntaxError::NotObject { at: self.at, found }),
        }
    }

    /// Steps into an array.
    ///
    /// # Errors
    /// [`JsonSyntaxError::NotArray`] if another value stands there, [`JsonSyntaxError::TooDeep`], [`JsonSyntaxError::Syntax`].
    pub fn enter_array(&mut self) -> Result<(), JsonSyntaxError> {
        match self.kind()? {
            JsonKind::Array => self.open(false),
            found => Err(JsonSyntaxError::NotArray { at: self.at, found }),
        }
    }

    /// The name of the next member of the object that was entered last, or none after stepping out of it.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`].
    pub fn next_key(&mut self) -> Result<Option<MemberName<'a>>, JsonSyntaxError> {
        if let Some(key) = self.compact_key() {
            // The name, its closing quote and the colon were passed.
            return self.meet(key, self.at.saturating_sub(key.raw.len() + 2));
        }
        if !self.next_entry(b'}', "expected `,` or `}`")? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return self.wrong("expected a name in quotes");
        }
        let start = self.at;
        let scanned = scan::string(self.bytes, start, self.plain)?;
        self.at = scanned.end;
        let raw = self.bytes.get(start + 1..scanned.end - 1).unwrap_or_default();
        if self.peek() != Some(b':') {
            return self.wrong("expected `:`");
        }
        self.at += 1;
        self.meet(MemberName { raw, escaped: scanned.shrink > 0 }, start + 1)
    }

    /// Takes note of a name whose first byte is at `start`.
    #[inline]
    fn meet(&mut self, key: MemberName<'a>, start: usize) -> Result<Option<MemberName<'a>>, JsonSyntaxError> {
        self.names.meet(&key, start)?;
        Ok(Some(key))
    }

    /// The next name as most encoders write it: short, and no white space around it. None, and nothing has happened, for
    /// whatever else stands there.
    #[inline]
    fn compact_key(&mut self) -> Option<MemberName<'a>> {
        let bytes = self.bytes;
        let comma: &[u8] = if self.fresh { b"" } else { b"," };
        let name = bytes.get(self.at..)?.strip_prefix(comma)?.strip_prefix(b"\"")?;
        let length = if self.plain { scan::short(name)? } else { return None };
        let (raw, behind) = name.split_at_checked(length)?;
        if !behind.starts_with(b"\":") {
            return None;
        }
        self.at += comma.len() + length + 3;
        Some(MemberName { raw, escaped: false })
    }

    /// Whether another element follows in the array that was entered last; false after stepping out of it.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`].
    pub fn next_element(&mut self) -> Result<bool, JsonSyntaxError> {
        self.next_entry(b']', "expected `,` or `]`")
    }

    /// Passes a string.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`], also if another value stands there.
    pub fn text(&mut self) -> Result<Token, JsonSyntaxError> {
        if self.peek() != Some(b'"') {
            return self.wrong("expected a string");
        }
        let start = self.at;
        let scanned = scan::string(self.bytes, start, self.plain)?;
        self.at = scanned.end;
        self.fresh = false;
        let token = scanned.token(start);
        self.trace.text(token);
        Ok(token)
    }

    /// Passes a value of any kind, with all that is in it.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`], [`JsonSyntaxError::TooDeep`].
    pub fn skip(&mut self) -> Result<(Span, JsonKind), JsonSyntaxError> {
        let kind = self.kind()?;
        let start = self.at;
        let floor = self.depth;
        self.step(kind)?;
        debug_assert!(self.depth <= MAX_DEPTH);
        while self.depth > floor {
            let more = if self.objects & 1 == 1 { self.next_key()?.is_some() } else { self.next_element()? };
            if more {
                let kind = self.kind()?;
                self.step(kind)?;
            }
        }
        debug_assert!(
            self.depth == floor && start < self.at && self.at <= self.bytes.len(),
            "a value is at least a byte"
        );
        Ok((Span { start, end: self.at }, kind))
    }

    /// Checks that nothing but white space is left.
    ///
    /// # Errors
    /// [`JsonSyntaxError::Syntax`] if something is.
    pub fn finish(&mut self) -> Result<(), JsonSyntaxError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.wrong("expected nothing after the value"),
        }
    }

    /// Passes a scalar of this kind, or opens a container.
    fn step(&mut self, kind: JsonKind) -> Result<(), JsonSyntaxError> {
        let start = self.at;
        self.at = match kind {
            JsonKind::Object => return self.open(true),
            JsonKind::Array => return self.open(false),
            JsonKind::String => scan::string(self.bytes, self.at, self.plain)?.end,
            JsonKind::Number => scan::number(self.bytes, self.at)?,
            JsonKind::Bool if self.bytes.get(self.at) == Some(&b't') => scan::word(self.bytes, self.at, b"true")?,
            JsonKind::Bool => scan::word(self.bytes, self.at, b"false")?,
            JsonKind::Null => scan::word(self.bytes, self.at, b"null")?,
        };
        self.fresh = false;
        let span = Span { start, end: self.at };
        match kind {
            JsonKind::String => self.trace.string(span),
            JsonKind::Number => self.trace.number(span),
            JsonKind::Object | JsonKind::Array | JsonKind::Bool | JsonKind::Null => {}
        }
        Ok(())
    }

    fn open(&mut self, object: bool) -> Result<(), JsonSyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonSyntaxError::TooDeep { at: self.at });
        }
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        self.fresh = true;
        if object {
            self.names.open();
        }
        Ok(())
    }

    /// Steps over the comma that is due, or out of the container.
    fn next_entry(&mut self, close: u8, due: &'static str) -> Result<bool, JsonSyntaxError> {
        match self.peek() {
            Some(byte) if byte == close && self.depth > 0 => {
                if close == b'}' {
                    self.names.close(self.bytes)?;
                }
                self.at += 1;
                self.depth = self.depth.saturating_sub(1);
                self.objects >>= 1;
                self.fresh = false;
                Ok(false)
            }
            Some(b',') if !self.fresh => {
                self.at += 1;
                // A comma before the closing bracket is no JSON, and `kind` or the name's quote will say so.
                Ok(true)
            }
            Some(_) if self.fresh => Ok(true),
            Some(_) => self.wrong(due),
            None => self.wrong("expected more, found the end"),
        }
    }

    /// Steps over white space (RFC 8259 section 2) and shows the next byte.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, JsonSyntaxError> {
        Err(JsonSyntaxError::Syntax { at: self.at, what })
    }
}
