//! Field lines (RFC 9112 section 5), made into a header map.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A message may have so many fields.
pub(super) const FIELDS: usize = 100;
/// So many fields may be added to a head before its map must grow.
const ADDED: usize = 6;

/// Why lines are no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadFields {
    Malformed,
    TooMany,
}

/// What a field has to say about the message it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Length,
    Coding,
    Connection,
    Other,
}

impl Role {
    pub(super) fn of(name: &HeaderName) -> Self {
        if *name == CONTENT_LENGTH {
            Self::Length
        } else if *name == TRANSFER_ENCODING {
            Self::Coding
        } else if *name == CONNECTION {
            Self::Connection
        } else {
            Self::Other
        }
    }
}

/// Takes the next line off `rest`, without its end; `None` when none is whole. A lone LF ends a line, too
/// (RFC 9112 section 2.2).
pub(super) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (line, behind) = rest.split_at_checked(memchr::memchr(b'\n', rest)?)?;
    *rest = behind.get(1..)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Reads the field lines in `lines`, a part of `head`, up to the empty line that ends them and `head`. `note` is told of
/// every value and its role.
pub(super) fn read(head: &Bytes, lines: &[u8], mut note: impl FnMut(Role, &[u8])) -> Result<HeaderMap, BadFields> {
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
        let colon = memchr::memchr(b':', line).ok_or(BadFields::Malformed)?;
        let (name, value) = line.split_at_checked(colon).ok_or(BadFields::Malformed)?;
        let name = HeaderName::from_bytes(name).map_err(|_| BadFields::Malformed)?;
        let value = trim(value.get(1..).unwrap_or_default());
        note(Role::of(&name), value);
        headers.append(name, checked(head.slice_ref(value))?);
    }
    Err(BadFields::Malformed)
}

/// A value, which keeps the head in memory.
pub(super) fn checked(value: Bytes) -> Result<HeaderValue, BadFields> {
    HeaderValue::from_maybe_shared(value).map_err(|_| BadFields::Malformed)
}

/// Without the white space around it (RFC 9110 section 5.5).
pub(super) fn trim(value: &[u8]) -> &[u8] {
    trim_end(trim_start(value))
}

pub(super) fn trim_start(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

pub(super) fn trim_end(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
