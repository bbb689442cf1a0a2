//! Cuts a byte stream into events, whatever way it was split.

use bytes::{Buf, Bytes, BytesMut};

use super::SseEvent;

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// One event is longer than the reader was told to hold. The reader answers nothing else from then on.
    #[error("an event of the stream is longer than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

/// Where in an event the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its first byte.
    Start,
    /// Within a comment that no field line of an event came before.
    Comment,
    /// After the CR that ended such a comment; an LF would belong to it.
    CommentCr,
    /// Within a line.
    Line,
    /// After the CR that ended a line; an LF would belong to it.
    LineCr,
    /// At the start of a further line, after LF or CRLF.
    NextLine,
    /// After a CR that makes a blank line; an LF would belong to it.
    BlankCr,
}

/// Whether a byte is the last of its event.
enum Cut {
    No,
    After,
    Before,
}

/// Reads events from chunks. Holds at most one unfinished event of at most `max_event` bytes, and the chunk pushed last.
///
/// An event that lies within one chunk is a slice of it; only one that crosses a border is copied. A comment between two
/// events is shown by itself as soon as its line has ended, for it is a sign of life that must not wait for the event
/// behind it; a comment in the middle of an event stays where it is. A blank line that ends no event is shown as an event
/// of its own without content, for upstreams that keep a connection alive with it.
#[derive(Debug)]
pub struct SseReader {
    limit: usize,
    /// The start of an event whose end has not come yet.
    tail: BytesMut,
    /// What was pushed and not read yet.
    chunk: Bytes,
    state: State,
    /// A byte order mark may still come.
    at_start: bool,
    failed: bool,
}

impl SseReader {
    /// A reader that refuses events of more than `max_event` bytes, line ends included.
    pub fn new(max_event: usize) -> Self {
        Self {
            limit: max_event,
            tail: BytesMut::new(),
            chunk: Bytes::new(),
            state: State::Start,
            at_start: true,
            failed: false,
        }
    }

    /// Hands over the next bytes of the stream. Call [`next`](Self::next) until it answers none before pushing again;
    /// otherwise what is left of the chunk before is copied.
    pub fn push(&mut self, chunk: Bytes) {
        if self.failed {
            return;
        }
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.chunk.len() + chunk.len());
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&chunk);
            self.chunk = joined.freeze();
        }
    }

    /// The next whole event; none until more bytes are pushed.
    ///
    /// # Errors
    /// [`SseError::TooLarge`], then and ever after.
    #[allow(clippy::should_implement_trait)] // an iterator that ends is not over here
    pub fn next(&mut self) -> Result<Option<SseEvent>, SseError> {
        if self.failed {
            return Err(SseError::TooLarge { limit: self.limit });
        }
        if self.at_start && !self.pass_mark() {
            return Ok(None);
        }
        if let Some(end) = self.find_end() {
            self.state = State::Start;
            let part = self.chunk.split_to(end);
            self.admit(part.len())?;
            if self.tail.is_empty() {
                return Ok(Some(SseEvent::new(part, true)));
            }
            self.tail.extend_from_slice(&part);
            return Ok(Some(SseEvent::new(self.tail.split().freeze(), true)));
        }
        self.keep_rest()?;
        Ok(None)
    }

    /// To be called at the end of the stream until it answers none: the events that are left, and last the piece that has
    /// not come to its end, which [`SseEvent::is_whole`] tells from the others. A browser throws that piece away; a client
    /// library may not, and the caller decides.
    ///
    /// # Errors
    /// [`SseError::TooLarge`].
    pub fn finish(&mut self) -> Result<Option<SseEvent>, SseError> {
        if let Some(event) = self.next()? {
            return Ok(Some(event));
        }
        self.at_start = false;
        self.keep_rest()?;
        if self.tail.is_empty() {
            return Ok(None);
        }
        let whole = matches!(self.state, State::BlankCr | State::CommentCr);
        self.state = State::Start;
        Ok(Some(SseEvent::new(self.tail.split().freeze(), whole)))
    }

    /// How many bytes are held that no event has been made of.
    pub fn buffered(&self) -> usize {
        self.tail.len() + self.chunk.len()
    }

    /// Moves what is left of the chunk to the unfinished event.
    fn keep_rest(&mut self) -> Result<(), SseError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.admit(self.chunk.len())?;
        self.tail.extend_from_slice(&self.chunk);
        self.chunk = Bytes::new();
        debug_assert!(self.tail.len() <= self.limit, "no more is held than one event may have");
        Ok(())
    }

    /// Checks that the event at hand may grow by `more` bytes.
    fn admit(&mut self, more: usize) -> Result<(), SseError> {
        if self.tail.len().saturating_add(more) <= self.limit {
            return Ok(());
        }
        self.failed = true;
        self.tail = BytesMut::new();
        self.chunk = Bytes::new();
        Err(SseError::TooLarge { limit: self.limit })
    }

    /// Drops a byte order mark at the start of the stream. False if the bytes so far are only a part of one.
    fn pass_mark(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.chunk.len() < MARK.len() && MARK.starts_with(&self.chunk) {
            return false;
        }
        if self.chunk.starts_with(MARK) {
            self.chunk.advance(MARK.len());
        }
        self.at_start = false;
        true
    }

    /// How many bytes of the chunk belong to the event at hand, if its end is among them.
    fn find_end(&mut self) -> Option<usize> {
        let bytes: &[u8] = &self.chunk;
        let mut at = 0;
        loop {
            if matches!(self.state, State::Line | State::Comment) {
                let rest = bytes.get(at..).unwrap_or_default();
                at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            }
            let byte = *bytes.get(at)?;
            let (state, cut) = step(self.state, byte);
            self.state = state;
            match cut {
                Cut::No => at += 1,
                Cut::After => return Some(at + 1),
                Cut::Before => return Some(at),
            }
        }
    }
}

/// One byte further. Where lines end with a lone CR, the second CR ends the event at once, whatever follows; after LF
/// or CRLF a CR may be half of a line end, and the next byte tells. Either way it does not matter how the stream was cut.
fn step(state: State, byte: u8) -> (State, Cut) {
    match (state, byte) {
        (State::Start | State::NextLine | State::BlankCr | State::Comment | State::CommentCr, b'\n')
        | (State::LineCr, b'\r') => (State::Start, Cut::After),
        (State::BlankCr | State::CommentCr, _) => (State::Start, Cut::Before),
        (State::Start, b':') => (State::Comment, Cut::No),
        (State::Comment, b'\r') => (State::CommentCr, Cut::No),
        (State::Comment, _) => (State::Comment, Cut::No),
        (State::Start | State::NextLine, b'\r') => (State::BlankCr, Cut::No),
        (State::Line | State::LineCr, b'\n') => (State::NextLine, Cut::No),
        (State::Line, b'\r') => (State::LineCr, Cut::No),
        (State::Start | State::Line | State::LineCr | State::NextLine, _) => (State::Line, Cut::No),
    }
}
