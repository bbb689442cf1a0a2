//! Cuts a byte stream into the elements of an array, whatever way it was split.

use bytes::Bytes;

use crate::held::HeldBytes;
use crate::json;

/// Why a stream cannot be read on. The reader answers nothing else from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonArrayError {
    /// One element is longer than the reader was told to hold.
    #[error("an element of the streamed array is longer than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The stream is neither a JSON array of objects nor one object.
    #[error("the stream is no JSON array of objects: it goes wrong at byte {at}")]
    NotArray {
        /// Offset in the stream of the byte that does not fit. Of an element that is no JSON it is told once it ended.
        at: u64,
    },
    /// The stream ended before its closing bracket.
    #[error("the streamed array ends before its closing bracket")]
    Cut,
}

/// What may come next between elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// `[`, or the object that stands alone.
    Start,
    /// An element, or `]`.
    First,
    /// An element.
    Element,
    /// `,` or `]`.
    Behind,
    /// Nothing.
    End,
}

/// Reads elements from chunks. Holds at most one unfinished element of at most `max_element` bytes, and the chunk pushed last.
///
/// An element that lies within one chunk is a slice of it; only one that crosses a border is copied. What stands between
/// elements is not kept.
#[derive(Debug)]
pub struct JsonArrayReader {
    limit: usize,
    held: HeldBytes,
    due: Due,
    alone: bool,
    /// Brackets that are open within the element at hand; none between elements.
    depth: usize,
    /// Within a string of it.
    quoted: bool,
    /// Behind the backslash of an escape in it.
    escaped: bool,
    /// Bytes of the stream in front of the chunk.
    passed: u64,
    failed: Option<JsonArrayError>,
}

impl JsonArrayReader {
    /// A reader that refuses elements of more than `max_element` bytes.
    pub fn new(max_element: usize) -> Self {
        Self {
            limit: max_element,
            held: HeldBytes::default(),
            due: Due::Start,
            alone: false,
            depth: 0,
            quoted: false,
            escaped: false,
            passed: 0,
            failed: None,
        }
    }

    /// Hands over the next bytes of the stream. Call [`next`](Self::next) until it answers none before pushing again;
    /// otherwise what is left of the chunk before is copied.
    pub fn push(&mut self, chunk: Bytes) {
        if self.failed.is_none() {
            self.held.push(chunk);
        }
    }

    /// The next whole element, from its opening bracket to its closing one, which is an object by RFC 8259; none until more
    /// bytes are pushed.
    ///
    /// # Errors
    /// [`JsonArrayError`], then and ever after.
    #[allow(clippy::should_implement_trait)] // an iterator that ends is not over here
    pub fn next(&mut self) -> Result<Option<Bytes>, JsonArrayError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read().map_err(|error| self.fail(error))
    }

    /// To be called at the end of the stream until it answers none: the elements that are left.
    ///
    /// # Errors
    /// [`JsonArrayError::Cut`] if the stream is not [whole](Self::is_whole); otherwise as [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Bytes>, JsonArrayError> {
        match self.next()? {
            None if !self.is_whole() => Err(self.fail(JsonArrayError::Cut)),
            element => Ok(element),
        }
    }

    /// Whether the closing bracket has come, or the end of the object that stands alone.
    pub fn is_whole(&self) -> bool {
        self.due == Due::End && self.depth == 0 && self.failed.is_none()
    }

    /// Whether the stream is one object and no array: most likely it tells of an error.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// How many bytes are held that no element has been made of.
    pub fn buffered(&self) -> usize {
        self.held.len()
    }

    fn read(&mut self) -> Result<Option<Bytes>, JsonArrayError> {
        if self.depth == 0 && !self.find_element()? {
            return Ok(None);
        }
        let (end, there) = (self.element_end(), self.held.chunk().len());
        let length = end.unwrap_or(there);
        if self.held.begun().len().saturating_add(length) > self.limit {
            return Err(JsonArrayError::TooLarge { limit: self.limit });
        }
        self.passed = self.passed.saturating_add(length as u64);
        if end.is_none() {
            self.held.keep(length, 0);
            return Ok(None);
        }
        let element = self.held.take(length);
        let start = self.passed.saturating_sub(element.len() as u64);
        let wrong =
            |error: json::JsonSyntaxError| JsonArrayError::NotArray { at: start.saturating_add(error.at() as u64) };
        json::members(&element, |_, _, _| {}).map_err(wrong)?;
        Ok(Some(element))
    }

    /// Passes over what stands in front of the next element; false if that has not come.
    fn find_element(&mut self) -> Result<bool, JsonArrayError> {
        let mut at = 0;
        let found = loop {
            let Some(byte) = self.held.chunk().get(at) else { break false };
            self.due = match (self.due, byte) {
                (due, b' ' | b'\n' | b'\r' | b'\t') => due,
                (Due::Start, b'[') => Due::First,
                (Due::Behind, b',') => Due::Element,
                (Due::First | Due::Behind, b']') => Due::End,
                (Due::First | Due::Element, b'{') => {
                    self.due = Due::Behind;
                    break true;
                }
                (Due::Start, b'{') => {
                    (self.due, self.alone) = (Due::End, true);
                    break true;
                }
                _ => return Err(JsonArrayError::NotArray { at: self.passed.saturating_add(at as u64) }),
            };
            at += 1;
        };
        self.held.skip(at);
        self.passed = self.passed.saturating_add(at as u64);
        Ok(found)
    }

    /// How many bytes of the chunk belong to the element at hand, if its end is among them. Which bracket closes which is
    /// looked at when it is there.
    fn element_end(&mut self) -> Option<usize> {
        let bytes = self.held.chunk();
        let mut at = 0;
        loop {
            if self.escaped {
                bytes.get(at)?;
                at += 1;
                self.escaped = false;
            }
            if self.quoted {
                at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                self.escaped = bytes.get(at) == Some(&b'\\');
                self.quoted = self.escaped;
                at += 1;
                continue;
            }
            match bytes.get(at)? {
                b'"' => self.quoted = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            if self.depth == 0 {
                return Some(at);
            }
        }
    }

    fn fail(&mut self, error: JsonArrayError) -> JsonArrayError {
        self.failed = Some(error);
        self.held.clear();
        error
    }
}
