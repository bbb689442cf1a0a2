//! Collects a response's head from pieces.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode, Version};

use super::framing::AnswerFraming;
use super::invalid::InvalidResponseHead;
use super::parsed::ParsedHead;
use super::shapes::HeadShapes;

/// A head may have so many bytes.
pub const HEAD_BYTES: usize = 32 * 1024;

/// What every answer begins with.
const STATUS_LINE: &[u8] = b"HTTP/1.";

/// So many informational answers may come before the answer (RFC 9110 section 15.2): they have no bound of their own.
const INFORMATIONAL: usize = 64;

/// A head that is there as a whole, and what it says of its body and of the connection.
#[derive(Debug)]
pub struct ResponseHead {
    /// Its status, which is no informational one.
    pub status: StatusCode,
    /// HTTP/1.1 or HTTP/1.0.
    pub version: Version,
    /// Its fields, without a `content-length` that a transfer coding overrules.
    pub headers: HeaderMap,
    /// Where the body ends.
    pub framing: AnswerFraming,
    /// Whether the connection may serve another request after it.
    pub reusable: bool,
    /// For how long the connection may be kept without a request, if that was said.
    pub keep: Option<Duration>,
}

/// Collects a head from what is read.
#[derive(Debug, Default)]
pub struct HeadReader {
    got: BytesMut,
    /// Up to here there is no end of a head.
    searched: usize,
    /// Informational answers so far.
    told: usize,
    /// The request was a HEAD request: its answer has no body, whatever it says.
    pub bodiless: bool,
}

impl HeadReader {
    /// Takes what was read; gives the head once it is whole. Informational answers are swallowed.
    ///
    /// # Errors
    /// [`InvalidResponseHead`]: what came is no head that is accepted, and the connection is of no more use.
    pub fn push(&mut self, piece: BytesMut, shapes: &HeadShapes) -> Result<Option<ResponseHead>, InvalidResponseHead> {
        if self.got.is_empty() {
            self.got = piece;
        } else {
            self.got.extend_from_slice(&piece);
        }
        while let Some(ParsedHead { status, version, headers, signs }) = self.next_head(shapes)? {
            if status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(InvalidResponseHead::Upgrade);
            }
            if status.is_informational() {
                self.told += 1;
                if self.told > INFORMATIONAL {
                    return Err(InvalidResponseHead::Talkative);
                }
            } else {
                let framing = signs.framing(version, self.bodiless || has_no_body(status))?;
                let reusable = signs.reusable(version) && !matches!(framing, AnswerFraming::UntilClose);
                let keep = signs.keep();
                let mut head = ResponseHead { status, version, headers, framing, reusable, keep };
                if signs.coded {
                    head.headers.remove(CONTENT_LENGTH);
                }
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    /// What came behind the head.
    pub fn take_rest(&mut self) -> BytesMut {
        std::mem::take(&mut self.got)
    }

    /// Takes the next whole head off what was read.
    fn next_head(&mut self, shapes: &HeadShapes) -> Result<Option<ParsedHead>, InvalidResponseHead> {
        // Some servers put an empty line behind a body; it never is in the middle of something here.
        while self.searched == 0 && matches!(self.got.first(), Some(b'\r' | b'\n')) {
            self.got.advance(1);
        }
        if self.searched == 0
            && let Some(found) = shapes.find(&self.got)
            && found.end <= HEAD_BYTES
        {
            let head = self.got.split_to(found.end).freeze();
            return shapes.read(&head, &found).map(Some);
        }
        let start = self.got.get(..STATUS_LINE.len()).unwrap_or(&self.got);
        if !STATUS_LINE.starts_with(start) {
            return Err(InvalidResponseHead::Malformed);
        }
        debug_assert!(self.searched <= self.got.len());
        match end_of_head(&self.got, self.searched) {
            Some(end) if end <= HEAD_BYTES => {
                self.searched = 0;
                let bytes = self.got.split_to(end).freeze();
                let head = ParsedHead::read(&bytes)?;
                if !head.status.is_informational() {
                    shapes.learn(&bytes, &head);
                }
                Ok(Some(head))
            }
            None if self.got.len() <= HEAD_BYTES => {
                // The end may be there in part.
                self.searched = self.got.len().saturating_sub(3);
                Ok(None)
            }
            _ => Err(InvalidResponseHead::TooLarge),
        }
    }
}

/// Where the head ends, if that is behind `from`. Its first line says how its lines end; a lone LF may end them, too
/// (RFC 9112 section 2.2).
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let first = bytes.get(..memchr::memchr(b'\n', bytes)?)?;
    let blank: &[u8] = if first.ends_with(b"\r") { b"\r\n\r\n" } else { b"\n\n" };
    let start = memchr::memmem::find(bytes.get(from..)?, blank)?;
    from.checked_add(start)?.checked_add(blank.len())
}

fn has_no_body(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests;
