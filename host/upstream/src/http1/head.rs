//! A response head (RFC 9112 section 4).

use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Response, StatusCode, Version};
use weir_http::fields::{self, BadFields};

use super::body::{AnswerFraming, Http1Body};
use super::shapes::HeadShapes;
use super::signs::ResponseFramingHeaders;
use crate::link::HEAD_BYTES;

/// What every answer begins with.
const STATUS_LINE: &[u8] = b"HTTP/1.";

/// So many informational answers may come before the answer (RFC 9110 section 15.2): they have no bound of their own.
const INFORMATIONAL: usize = 64;

/// Why a head is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvalidResponseHead {
    Malformed,
    TooLarge,
    Upgrade,
    /// The body's transfer coding is not just `chunked`.
    Coding,
    /// More came before it than anybody would say.
    Talkative,
}

impl InvalidResponseHead {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Malformed => "its head is malformed",
            Self::TooLarge => "its head is too large",
            Self::Upgrade => "101 although nobody asked for an upgrade",
            Self::Coding => "its transfer coding is another than chunked",
            Self::Talkative => "too many informational answers came before it",
        }
    }
}

/// A response of which the head is there.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) response: Response<Http1Body>,
    /// Whether the connection may serve another request after it.
    pub(super) reusable: bool,
    /// For how long without a request, if the upstream has said.
    pub(super) keep: Option<Duration>,
}

/// A head that was read.
pub(super) struct ParsedHead {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) signs: ResponseFramingHeaders,
}

/// Collects a head from what is read.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    got: BytesMut,
    /// Up to here there is no end of a head.
    searched: usize,
    /// Informational answers so far.
    told: usize,
    /// The request was a HEAD request: its answer has no body, whatever it says.
    pub(super) bodiless: bool,
}

impl HeadReader {
    /// Takes what was read; gives the answer once its head is whole. Informational answers are swallowed.
    pub(super) fn push(
        &mut self,
        piece: BytesMut,
        shapes: &HeadShapes,
    ) -> Result<Option<ResponseHead>, InvalidResponseHead> {
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
                let mut response = Response::new(Http1Body::new(framing, std::mem::take(&mut self.got)));
                *response.status_mut() = status;
                *response.version_mut() = version;
                *response.headers_mut() = headers;
                if signs.coded {
                    response.headers_mut().remove(CONTENT_LENGTH);
                }
                return Ok(Some(ResponseHead { response, reusable, keep: signs.keep() }));
            }
        }
        Ok(None)
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

impl ParsedHead {
    pub(super) fn read(bytes: &Bytes) -> Result<Self, InvalidResponseHead> {
        let mut lines = &**bytes;
        let (version, status) =
            fields::next_line(&mut lines).and_then(status_line).ok_or(InvalidResponseHead::Malformed)?;
        let mut signs = ResponseFramingHeaders::default();
        let headers = fields::read(bytes, lines, |role, value| signs.note(role, value))?;
        Ok(Self { status, version, headers, signs })
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

fn status_line(line: &[u8]) -> Option<(Version, StatusCode)> {
    let (version, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', b' ', rest @ ..] => (Version::HTTP_11, rest),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0', b' ', rest @ ..] => (Version::HTTP_10, rest),
        _ => return None,
    };
    let (code, reason) = rest.split_at_checked(3)?;
    let lawful = match reason {
        [] => true,
        [b' ', reason @ ..] => reason.iter().all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f),
        _ => false,
    };
    StatusCode::from_bytes(code).ok().filter(|_| lawful).map(|status| (version, status))
}

impl From<BadFields> for InvalidResponseHead {
    fn from(bad: BadFields) -> Self {
        match bad {
            BadFields::Malformed => Self::Malformed,
            BadFields::TooMany => Self::TooLarge,
        }
    }
}

fn has_no_body(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests;
