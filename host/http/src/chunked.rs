//! The chunked transfer coding (RFC 9112 section 7.1), decoded where it lies.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;

use crate::fields;

/// The longest line in front of a chunk; only extensions, which mean nothing here, make one longer than 20 bytes.
const LINE: u32 = 4 * 1024;
/// The largest chunk, in bytes.
const LARGEST: u64 = i64::MAX as u64;
/// So many bytes the trailers may have.
const TRAILERS: usize = 16 * 1024;

/// What comes next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first digit of a chunk's size.
    #[default]
    Digit,
    /// More of them, or what follows.
    Digits,
    /// White space behind the size.
    Blank,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// The first byte of a trailer, or of the last empty line.
    Trailer,
    InTrailer,
    TrailerLf,
    LastLf,
    End,
    /// Nothing valid.
    Nothing,
}

/// How far the decoding of one body has come.
#[derive(Debug, Default)]
pub struct Chunked {
    next: Next,
    /// What is left of the chunk, or what is known of its size.
    left: u64,
    line: u32,
    trailer_lines: Vec<u8>,
    trailers: Option<Box<HeaderMap>>,
}

/// The coding is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body's chunks are malformed")]
pub struct Malformed;

impl Chunked {
    /// Leaves of `buffer` only the data in it, in one piece, and gives what came behind the end of the body, most often
    /// nothing.
    ///
    /// # Errors
    /// [`Malformed`]. Data in front of something malformed is still given; the next call says that it is malformed.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<BytesMut, Malformed> {
        let mut at = 0;
        // Data stands from `start` to `end`: the first run where it came, later ones moved up to it.
        let (mut start, mut end) = (0, 0);
        while !matches!(self.next, Next::End | Next::Nothing) {
            let Some(&byte) = buffer.get(at) else { break };
            if self.next == Next::Digit
                && let Some((size, length)) = buffer.get(at..).and_then(plain_size)
            {
                self.left = size;
                self.next = if size == 0 { Next::Trailer } else { Next::Data };
                at = at.saturating_add(length);
                continue;
            }
            if self.next != Next::Data {
                self.next = self.step(byte);
                at = at.saturating_add(1);
                continue;
            }
            let there = buffer.len().saturating_sub(at);
            let run = usize::try_from(self.left).unwrap_or(usize::MAX).min(there);
            let run_end = at.saturating_add(run);
            if start == end {
                (start, end) = (at, run_end);
            } else {
                buffer.copy_within(at..run_end, end);
                end = end.saturating_add(run);
            }
            at = run_end;
            debug_assert!(start <= end && end <= at && at <= buffer.len(), "data only moves to the front");
            self.left = self.left.saturating_sub(run as u64);
            if self.left == 0 {
                self.next = Next::DataCr;
                if buffer.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
                    self.next = Next::Digit;
                    at = at.saturating_add(2);
                }
            }
        }
        if self.next == Next::Nothing && start == end {
            return Err(Malformed);
        }
        let behind = if at < buffer.len() { buffer.split_off(at) } else { BytesMut::new() };
        buffer.truncate(end);
        buffer.advance(start);
        Ok(behind)
    }

    /// Whether the end of the body has come.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.next == Next::End
    }

    /// The fewest bytes of data that are still to come: what is left of the chunk that has begun.
    #[must_use]
    pub fn least(&self) -> u64 {
        if self.next == Next::Data { self.left } else { 0 }
    }

    /// Whether the next call of [`Chunked::decode`] fails, whatever it is given.
    #[must_use]
    pub fn malformed(&self) -> bool {
        self.next == Next::Nothing
    }

    /// The trailers of a body that has ended, if it has any.
    pub fn trailers(&mut self) -> Option<Box<HeaderMap>> {
        self.trailers.take()
    }

    /// One byte further, for whatever [`plain_size`] does not take.
    fn step(&mut self, byte: u8) -> Next {
        match (self.next, byte) {
            (Next::Digit, _) if byte.is_ascii_hexdigit() => {
                (self.left, self.line) = (0, 0);
                self.digit(byte)
            }
            (Next::Digits, _) if byte.is_ascii_hexdigit() => self.digit(byte),
            (Next::Digits | Next::Blank, b' ' | b'\t') => self.longer(Next::Blank),
            (Next::Digits | Next::Blank, b';') => Next::Extension,
            (Next::Digits | Next::Blank | Next::Extension, b'\r') => Next::SizeLf,
            // A lone line feed may end a line elsewhere (RFC 9112 section 2.2): here nobody waits for more behind it.
            (Next::Extension | Next::Trailer | Next::InTrailer, b'\n') => Next::Nothing,
            (Next::Extension, _) => self.longer(Next::Extension),
            (Next::SizeLf, b'\n') if self.left == 0 => Next::Trailer,
            (Next::SizeLf, b'\n') => Next::Data,
            (Next::DataCr, b'\r') => Next::DataLf,
            (Next::DataLf, b'\n') => Next::Digit,
            (Next::Trailer, b'\r') => Next::LastLf,
            (Next::InTrailer, b'\r') => self.keep(byte, Next::TrailerLf),
            (Next::Trailer | Next::InTrailer, _) => self.keep(byte, Next::InTrailer),
            (Next::TrailerLf, b'\n') => self.keep(byte, Next::Trailer),
            (Next::LastLf, b'\n') => self.last_line(),
            _ => Next::Nothing,
        }
    }

    fn digit(&mut self, byte: u8) -> Next {
        let value = char::from(byte).to_digit(16).map(u64::from);
        match self.left.checked_mul(16).zip(value).and_then(|(left, value)| left.checked_add(value)) {
            // What needs the sign of a signed number is read in two ways.
            Some(left) if left <= LARGEST => {
                self.left = left;
                self.longer(Next::Digits)
            }
            _ => Next::Nothing,
        }
    }

    /// Counts one more byte of the line.
    fn longer(&mut self, next: Next) -> Next {
        self.line = self.line.saturating_add(1);
        if self.line > LINE { Next::Nothing } else { next }
    }

    /// Keeps a byte of the trailers.
    fn keep(&mut self, byte: u8, next: Next) -> Next {
        if self.trailer_lines.len() >= TRAILERS {
            return Next::Nothing;
        }
        self.trailer_lines.push(byte);
        next
    }

    fn last_line(&mut self) -> Next {
        if self.trailer_lines.is_empty() {
            return Next::End;
        }
        let mut lines = std::mem::take(&mut self.trailer_lines);
        lines.extend_from_slice(b"\r\n");
        let lines = Bytes::from(lines);
        match fields::read(&lines, &lines, |_, _| {}) {
            Ok(trailers) => {
                self.trailers = Some(Box::new(trailers));
                Next::End
            }
            Err(_) => Next::Nothing,
        }
    }
}

/// The size that a chunk begins with, and the length of its line, where all of that is here and there are few digits and
/// nothing else, as nearly everybody writes it.
fn plain_size(bytes: &[u8]) -> Option<(u64, usize)> {
    const DIGITS: usize = 8;
    let mut size = 0;
    for (at, byte) in bytes.iter().take(DIGITS.saturating_add(1)).enumerate() {
        if let Some(digit) = char::from(*byte).to_digit(16).filter(|_| at < DIGITS) {
            size = size << 4 | u64::from(digit);
        } else {
            let is_line = at > 0 && bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n"));
            return is_line.then(|| (size, at.saturating_add(2)));
        }
    }
    None
}
