//! What a parsed head does not tell any more, seen in the bytes of an HTTP/1 connection as they are read.
//!
//! hyper drops `Content-Length` where `Transfer-Encoding` stands too, drops the second of two equal `Content-Length`
//! lines, and takes a bare line feed for the end of a line. A proxy in front that reads such a head differently sees
//! requests begin and end elsewhere, which is how they are smuggled. So [`Watch`] reads along: line by line through
//! heads, by their framing over bodies, so that it knows where the next head begins however requests are pipelined.
//! It judges only what would be lost; everything else that is wrong is the parser's to refuse, and there it gives up.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use crate::head::Unlawful;
use memchr::memchr;

/// Reads along with one connection. Nothing is copied or allocated while lines arrive whole, which is the usual case.
#[derive(Debug)]
pub struct Watch {
    state: State,
    /// The beginning of a line whose end has not been read yet.
    part: Vec<u8>,
    /// The most that is kept of a line: the parser refuses longer heads.
    longest: usize,
    head: Head,
    heads: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a head, at the beginning of a line.
    Head,
    /// In a body with so many bytes left.
    Body(u64),
    /// At the line with a chunk's size.
    Size,
    /// In a chunk with so many bytes left, its line end included.
    Chunk(u64),
    /// Behind the last chunk, at the beginning of a line.
    Trailer,
    /// What comes is not judged: a head was refused, or the parser will refuse what this made no sense of.
    Blind,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    lengths: u32,
    length: Option<u64>,
    encodings: u32,
    chunked: bool,
}

impl Watch {
    /// A watch at the beginning of a connection, whose heads may have `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self { state: State::Head, part: Vec::new(), longest, head: Head::default(), heads: 0 }
    }

    /// How many heads have ended lawfully: after [`see`](Self::see) has failed, the number (from 0) of the request
    /// that is meant.
    #[must_use]
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a request's body has begun and not ended: the client still has something to send.
    #[must_use]
    pub fn in_body(&self) -> bool {
        matches!(self.state, State::Body(_) | State::Size | State::Chunk(_) | State::Trailer)
    }

    /// Reads the connection's next bytes.
    ///
    /// # Errors
    /// The rule that request number [`heads`](Self::heads) breaks: [`Unlawful::BareLineFeed`],
    /// [`Unlawful::LengthAndEncoding`], [`Unlawful::BadLength`] or [`Unlawful::TransferEncoding`]. Said once; what
    /// comes after it on the connection cannot be trusted and is not judged.
    pub fn see(&mut self, bytes: &[u8]) -> Result<(), Unlawful> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.state {
                State::Blind => return Ok(()),
                State::Body(left) => self.skip(rest, left, State::Body, State::Head),
                State::Chunk(left) => self.skip(rest, left, State::Chunk, State::Size),
                State::Head | State::Size | State::Trailer => {
                    let Some(end) = memchr(b'\n', rest) else {
                        self.keep(rest);
                        return Ok(());
                    };
                    let (line, after) = rest.split_at(end + 1);
                    self.whole_line(line).inspect_err(|_| self.state = State::Blind)?;
                    after
                }
            };
        }
        Ok(())
    }

    fn skip<'a>(&mut self, bytes: &'a [u8], left: u64, more: fn(u64) -> State, next: State) -> &'a [u8] {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - take as u64;
        self.state = if left == 0 { next } else { more(left) };
        bytes.get(take..).unwrap_or_default()
    }

    fn keep(&mut self, part: &[u8]) {
        if self.part.len() + part.len() > self.longest {
            self.state = State::Blind;
            self.part = Vec::new();
        } else {
            self.part.extend_from_slice(part);
        }
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<(), Unlawful> {
        if self.part.is_empty() {
            return self.line(line);
        }
        let mut whole = std::mem::take(&mut self.part);
        whole.extend_from_slice(line);
        self.line(&whole)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Unlawful> {
        match (self.state, line.strip_suffix(b"\r\n")) {
            (State::Head, None) => return Err(Unlawful::BareLineFeed),
            (State::Head, Some([])) if self.head.begun => return self.head_ends(),
            (State::Head, Some(text)) => self.head_line(text),
            (State::Size, Some(text)) => self.state = after_size(text),
            (State::Trailer, Some([])) => self.state = State::Head,
            (State::Trailer, Some(_)) => {}
            (State::Size | State::Trailer | State::Body(_) | State::Chunk(_) | State::Blind, _) => {
                self.state = State::Blind;
            }
        }
        Ok(())
    }

    fn head_line(&mut self, text: &[u8]) {
        if !self.head.begun {
            // The request line; empty lines before it are allowed (RFC 9112 section 2.2).
            self.head.begun = !text.is_empty();
            return;
        }
        let Some(colon) = memchr(b':', text) else { return };
        let (name, value) = text.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.head.lengths += 1;
            self.head.length = number(value, 10);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.head.encodings += 1;
            self.head.chunked = value.eq_ignore_ascii_case(b"chunked");
        }
    }

    fn head_ends(&mut self) -> Result<(), Unlawful> {
        let head = std::mem::take(&mut self.head);
        self.state = match (head.encodings, head.lengths, head.length) {
            (0, 0, _) | (0, 1, Some(0)) => State::Head,
            (0, 1, Some(length)) => State::Body(length),
            (0, _, _) => return Err(Unlawful::BadLength),
            (1, 0, _) if head.chunked => State::Size,
            (_, 0, _) => return Err(Unlawful::TransferEncoding),
            (_, _, _) => return Err(Unlawful::LengthAndEncoding),
        };
        self.heads += 1;
        Ok(())
    }
}

/// Where a chunk's size line leads.
fn after_size(text: &[u8]) -> State {
    let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    match text.get(..digits).and_then(|digits| number(digits, 16)) {
        Some(0) => State::Trailer,
        Some(size) => size.checked_add(2).map_or(State::Blind, State::Chunk),
        None => State::Blind,
    }
}

/// Digits and nothing else, as far as 64 bits go.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u64::from_str_radix(text, radix).ok()
}
