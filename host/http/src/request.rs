//! The head of an HTTP/1 request (RFC 9112 sections 2, 3 and 5): found in what has been read, parsed, and judged by the
//! law of [`head`](mod@crate::head) as its fields go by.
//!
//! It is stricter than the RFC where that lets a server be patient, for a server behind this one may be patient in
//! another way: every line ends in CR LF, and no line is folded.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use bytes::{Buf as _, Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use memchr::{memchr, memchr_iter};

use crate::fields::trim;
use crate::head::{self, FramingHeaders, HeadLimits, InvalidHead};
use crate::words;

/// Every valid method is shorter. A client that speaks another protocol is told so before a line of it has ended.
const LONGEST_METHOD: usize = 32;

/// What a head says of what comes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyFraming {
    /// How the body's end is told.
    pub framing: RequestFraming,
    /// Whether the client wants to be told to go on before it sends the body (RFC 9110 section 10.1.1).
    pub expects_continue: bool,
    /// Whether the client may send another request on this connection (RFC 9112 section 9.3).
    pub keep_alive: bool,
}

/// How the end of a request's body is told (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFraming {
    /// By its length in bytes; 0 where the head says nothing.
    Length(u64),
    /// By its chunks.
    Chunked,
}

/// Looks for whole heads in what comes off a connection, line by line.
#[derive(Debug, Default)]
pub struct HeadFinder {
    /// Where the first line begins whose end has not come.
    line: usize,
    /// Lines before it.
    lines: usize,
    /// Up to here there is no end of that line.
    searched: usize,
    /// Up to here no carriage return is alone.
    judged: usize,
}

/// A whole head, of which nothing is known but that its lines end as they must.
#[derive(Debug)]
pub struct RawHead {
    /// Its bytes, the empty line at its end included.
    pub bytes: Bytes,
    /// Its lines, the empty one included.
    lines: usize,
}

impl HeadFinder {
    /// Takes the next head off `got`; `None` while it is not whole. Empty lines in front of it are dropped (RFC 9112
    /// section 2.2).
    ///
    /// # Errors
    /// [`InvalidHead::HeadTooLarge`] if it has more than `longest` bytes; [`InvalidHead::BareLineFeed`] and
    /// [`InvalidHead::Malformed`] if what has come can be no part of a valid head. The rest is for [`read`] to say.
    pub fn find(&mut self, got: &mut BytesMut, longest: usize) -> Result<Option<RawHead>, InvalidHead> {
        while let Some(feed) = got.get(self.searched..).and_then(|new| memchr(b'\n', new)) {
            let feed = self.searched + feed;
            match got.get(self.line..feed) {
                Some([b'\r']) if self.lines == 0 => {
                    *self = Self::default();
                    got.advance(feed + 1);
                    continue;
                }
                Some([.., b'\r']) if feed < longest => {}
                Some([.., b'\r']) => return Err(InvalidHead::HeadTooLarge),
                _ => return Err(InvalidHead::BareLineFeed),
            }
            let empty = feed == self.line + 1;
            debug_assert!(self.line <= self.searched && self.searched <= feed);
            (self.line, self.searched, self.lines) = (feed + 1, feed + 1, self.lines + 1);
            if empty {
                let lines = std::mem::take(self).lines;
                debug_assert!(lines > 1, "no head is one empty line");
                return Ok(Some(RawHead { bytes: got.split_to(feed + 1).freeze(), lines }));
            }
        }
        self.searched = got.len();
        if got.len() > longest {
            return Err(InvalidHead::HeadTooLarge);
        }
        self.judge_returns(got)?;
        judge_part(got).map(|()| None)
    }

    /// A carriage return alone is no part of any head, so nobody waits for the rest of one that has it. Of whole heads
    /// [`read`] finds it.
    fn judge_returns(&mut self, got: &[u8]) -> Result<(), InvalidHead> {
        let new = got.get(self.judged..).unwrap_or_default();
        if memchr_iter(b'\r', new).any(|at| new.get(at + 1).is_some_and(|next| *next != b'\n')) {
            return Err(InvalidHead::Malformed);
        }
        // The last one may be the beginning of a line's end.
        self.judged = got.len() - usize::from(got.last() == Some(&b'\r'));
        Ok(())
    }
}

/// A head without its end: it may never come.
fn judge_part(got: &[u8]) -> Result<(), InvalidHead> {
    let start = got.get(..LONGEST_METHOD).unwrap_or(got);
    let method = start.iter().position(|byte| !is_token(*byte));
    match (method, method.and_then(|end| start.get(end))) {
        (None, _) if start.len() < LONGEST_METHOD => Ok(()),
        (Some(0), _) if got == b"\r" => Ok(()),
        (Some(1..), Some(b' ')) => Ok(()),
        _ => Err(InvalidHead::Malformed),
    }
}

/// Reads and judges a whole head. Method, target, version and fields go to `parts`, the fields' values as slices of the
/// head. The target in `parts` is kept where it is the same, as it most often is for the requests of one connection.
///
/// # Errors
/// The first rule that is broken, [`InvalidHead::TooManyHeaders`] among them. What was read before stands in `parts`, and
/// where the next request begins cannot be known.
pub fn read(found: &RawHead, limits: &HeadLimits, parts: &mut Parts) -> Result<BodyFraming, InvalidHead> {
    clear(parts);
    let bytes = &found.bytes;
    if bytes.len() > limits.bytes {
        return Err(InvalidHead::HeadTooLarge);
    }
    let mut rest = &**bytes;
    request_line(next_line(&mut rest)?, parts)?;
    let mut signs = FramingHeaders::default();
    // The request line and the empty one are no fields.
    parts.headers.reserve(found.lines.saturating_sub(2).min(limits.headers));
    read_fields(bytes, rest, limits.headers, &mut parts.headers, &mut signs)?;
    head::judge(parts, &signs, limits.secured)?;
    let framing =
        if signs.chunked() { RequestFraming::Chunked } else { RequestFraming::Length(signs.length().unwrap_or(0)) };
    Ok(BodyFraming {
        framing,
        expects_continue: signs.expects(parts.version),
        keep_alive: signs.keeps_alive(parts.version),
    })
}

/// Makes `parts` those of a request of which nothing is known, but for the target, which means nothing then.
pub fn clear(parts: &mut Parts) {
    (parts.method, parts.version, parts.headers) = (Method::GET, Version::HTTP_11, HeaderMap::new());
}

/// Takes the next line off `rest`, without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], InvalidHead> {
    let (line, behind) =
        memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end)).ok_or(InvalidHead::Malformed)?;
    *rest = behind.get(1..).unwrap_or_default();
    line.strip_suffix(b"\r").ok_or(InvalidHead::BareLineFeed)
}

fn request_line(line: &[u8], parts: &mut Parts) -> Result<(), InvalidHead> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(InvalidHead::Malformed);
    };
    parts.version = match version {
        b"HTTP/1.1" => Version::HTTP_11,
        b"HTTP/1.0" => Version::HTTP_10,
        // A later minor version may be answered as the latest one that is known (RFC 9110 section 2.5).
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'] => Version::HTTP_11,
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => return Err(InvalidHead::UnsupportedVersion),
        _ => return Err(InvalidHead::Malformed),
    };
    let method = Some(method).filter(|method| method.len() < LONGEST_METHOD).ok_or(InvalidHead::Malformed)?;
    parts.method = Method::from_bytes(method).map_err(|_| InvalidHead::Malformed)?;
    let same = parts.uri.authority().is_none()
        && parts.uri.path_and_query().is_some_and(|known| known.as_str().as_bytes() == target);
    if !same {
        // The parser of URIs would drop a fragment without a word.
        if memchr(b'#', target).is_some() {
            return Err(InvalidHead::BadTarget);
        }
        // Copied, for it stays when the head is gone.
        parts.uri = Uri::from_maybe_shared(Bytes::copy_from_slice(target)).map_err(|_| InvalidHead::BadTarget)?;
    }
    Ok(())
}

/// Reads the field lines up to the empty one.
fn read_fields<'a>(
    bytes: &Bytes,
    lines: &'a [u8],
    most: usize,
    headers: &mut HeaderMap,
    signs: &mut FramingHeaders<'a>,
) -> Result<(), InvalidHead> {
    let mut rest = lines;
    for count in 0.. {
        let line = next_line(&mut rest)?;
        if line.is_empty() {
            break;
        }
        if count == most {
            return Err(InvalidHead::TooManyHeaders);
        }
        let (name, value) =
            words::find(b':', line).and_then(|at| line.split_at_checked(at)).ok_or(InvalidHead::Malformed)?;
        let name = HeaderName::from_bytes(name).map_err(|_| InvalidHead::Malformed)?;
        let value = trim(value.get(1..).unwrap_or_default());
        signs.note(&name, value);
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(value)).map_err(|_| InvalidHead::Malformed)?;
        headers.append(name, value);
    }
    Ok(())
}

/// A byte of a method (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
