//! The field lines of a response or of trailers (RFC 9112 section 5), made into a header map. A request's are read in
//! [`request`](crate::request), and with less patience.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::words;

/// A message may have so many fields.
pub const FIELDS: usize = 100;
/// So many fields may be added to a head before its map must grow.
const ADDED: usize = 6;

/// Why lines are no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFields {
    /// A line without a colon, or with a name or a value that is none.
    #[error("a field line is malformed")]
    Malformed,
    /// More than [`FIELDS`].
    #[error("there are too many fields")]
    TooMany,
}

/// What a field has to say about the message it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding`.
    Coding,
    /// `Connection`.
    Connection,
    /// `Keep-Alive`.
    KeepAlive,
    /// Nothing that concerns this connection.
    Other,
}

impl Role {
    /// The role of a field of this name.
    #[must_use]
    pub fn of(name: &HeaderName) -> Self {
        if *name == CONTENT_LENGTH {
            Self::Length
        } else if *name == TRANSFER_ENCODING {
            Self::Coding
        } else if *name == CONNECTION {
            Self::Connection
        } else if name.as_str() == "keep-alive" {
            Self::KeepAlive
        } else {
            Self::Other
        }
    }
}

/// Takes the next line off `rest`, without its end; `None` when none is whole. A lone LF ends a line, too
/// (RFC 9112 section 2.2).
pub fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (line, behind) = rest.split_at_checked(memchr::memchr(b'\n', rest)?)?;
    *rest = behind.get(1..)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Reads the field lines in `lines`, a part of `head`, up to the empty line that ends them and `head`. `note` is told of
/// every value and its role.
///
/// # Errors
/// [`BadFields`], also when the empty line is missing or is not the last one.
pub fn read(head: &Bytes, lines: &[u8], mut note: impl FnMut(Role, &[u8])) -> Result<HeaderMap, BadFields> {
    let mut headers = HeaderMap::with_capacity(memchr::memchr_iter(b'\n', lines).count().min(FIELDS) + ADDED);
    let mut rest = lines;
    let mut count = 0_usize;
    while let Some(line) = next_line(&mut rest) {
        if line.is_empty() {
            return if rest.is_empty() { Ok(headers) } else { Err(BadFields::Malformed) };
        }
        count = count.saturating_add(1);
        if count > FIELDS {
            return Err(BadFields::TooMany);
        }
        let colon = words::find(b':', line).ok_or(BadFields::Malformed)?;
        let (name, value) = line.split_at_checked(colon).ok_or(BadFields::Malformed)?;
        let name = HeaderName::from_bytes(name).map_err(|_| BadFields::Malformed)?;
        let value = trim(value.get(1..).unwrap_or_default());
        note(Role::of(&name), value);
        headers.append(name, checked(head.slice_ref(value))?);
    }
    Err(BadFields::Malformed)
}

/// A value, which keeps the head in memory.
///
/// # Errors
/// [`BadFields::Malformed`] for a control character in it (RFC 9110 section 5.5).
pub fn checked(value: Bytes) -> Result<HeaderValue, BadFields> {
    HeaderValue::from_maybe_shared(value).map_err(|_| BadFields::Malformed)
}

/// Without the white space around it (RFC 9110 section 5.5).
#[must_use]
pub fn trim(value: &[u8]) -> &[u8] {
    trim_end(trim_start(value))
}

/// Without the white space before it.
#[must_use]
pub fn trim_start(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

/// Without the white space behind it.
#[must_use]
pub fn trim_end(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
