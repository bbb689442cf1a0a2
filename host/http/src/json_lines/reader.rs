//! Cuts a byte stream into lines, whatever way it was split.

use bytes::Bytes;

use super::JsonLine;
use crate::held::HeldBytes;

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonLinesError {
    /// One line is longer than the reader was told to hold. The reader answers nothing else from then on.
    #[error("a line of the stream is longer than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

/// Reads lines from chunks. Holds at most one unfinished line of at most `max_line` bytes, and the chunk pushed last.
///
/// Lines end with LF or CRLF. One that lies within one chunk is a slice of it; only one that crosses a border is copied.
/// Blank lines are passed over.
#[derive(Debug)]
pub struct JsonLinesReader {
    limit: usize,
    held: HeldBytes,
    failed: bool,
}

impl JsonLinesReader {
    /// A reader that refuses lines of more than `max_line` bytes, their ends included.
    pub fn new(max_line: usize) -> Self {
        Self { limit: max_line, held: HeldBytes::default(), failed: false }
    }

    /// Hands over the next bytes of the stream. Call [`next`](Self::next) until it answers none before pushing again;
    /// otherwise what is left of the chunk before is copied.
    pub fn push(&mut self, chunk: Bytes) {
        if !self.failed {
            self.held.push(chunk);
        }
    }

    /// The next whole line that is not blank; none until more bytes are pushed.
    ///
    /// # Errors
    /// [`JsonLinesError::TooLarge`], then and ever after.
    #[allow(clippy::should_implement_trait)] // an iterator that ends is not over here
    pub fn next(&mut self) -> Result<Option<JsonLine>, JsonLinesError> {
        loop {
            let end = memchr::memchr(b'\n', self.held.chunk()).map(|at| at + 1);
            let length = end.unwrap_or(self.held.chunk().len());
            self.admit(length)?;
            if end.is_none() {
                self.held.keep(length, 0);
                return Ok(None);
            }
            if let Some(line) = JsonLine::of(self.held.take(length)) {
                return Ok(Some(line));
            }
        }
    }

    /// To be called at the end of the stream until it answers none: the lines that are left, and last the one whose end did
    /// not come, which [`JsonLine::is_whole`] tells from the others.
    ///
    /// # Errors
    /// [`JsonLinesError::TooLarge`].
    pub fn finish(&mut self) -> Result<Option<JsonLine>, JsonLinesError> {
        match self.next()? {
            None => Ok(JsonLine::of(self.held.take(0))),
            line => Ok(line),
        }
    }

    /// How many bytes are held that no line has been made of.
    pub fn buffered(&self) -> usize {
        self.held.len()
    }

    /// Checks that the line at hand may grow by `more` bytes.
    fn admit(&mut self, more: usize) -> Result<(), JsonLinesError> {
        if !self.failed && self.held.begun().len().saturating_add(more) <= self.limit {
            return Ok(());
        }
        self.failed = true;
        self.held.clear();
        Err(JsonLinesError::TooLarge { limit: self.limit })
    }
}
