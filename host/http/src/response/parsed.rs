//! A head as it was read, before it is known what it means for its body.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};

use super::invalid::InvalidResponseHead;
use super::signs::ResponseFramingHeaders;
use crate::fields;

/// A head that was read.
pub(super) struct ParsedHead {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) signs: ResponseFramingHeaders,
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

fn status_line(line: &[u8]) -> Option<(Version, StatusCode)> {
    let (version, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', b' ', rest @ ..] => (Version::HTTP_11, rest),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0', b' ', rest @ ..] => (Version::HTTP_10, rest),
        _ => return None,
    };
    let (code, reason) = rest.split_at_checked(3)?;
    let valid = match reason {
        [] => true,
        [b' ', reason @ ..] => reason.iter().all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f),
        _ => false,
    };
    StatusCode::from_bytes(code).ok().filter(|_| valid).map(|status| (version, status))
}
