//! One message and what stands in it.

use bytes::Bytes;

use super::error::EventMessageError;
use super::headers::{self, EventHeaders};

/// Bytes in front of the headers: two lengths and their checksum.
pub(super) const PRELUDE: usize = 12;
/// Bytes behind the payload: the checksum of the message.
pub(super) const CHECKSUM: usize = 4;
/// So many bytes of headers the readers of AWS take.
pub(super) const MOST_HEADERS: usize = 128 * 1024;

/// How long a message is, as it says before anything else.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageLengths {
    /// All of it, in bytes.
    pub(super) total: usize,
    /// Offset behind its headers, in bytes.
    pub(super) headers_end: usize,
}

impl MessageLengths {
    /// The lengths that the message at the start of `bytes` has; none as long as they are not all there.
    pub(super) fn read(bytes: &[u8], limit: usize) -> Result<Option<Self>, EventMessageError> {
        let Some((lengths, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
        let Some((checksum, _)) = rest.split_first_chunk() else { return Ok(None) };
        if crc32fast::hash(lengths) != u32::from_be_bytes(*checksum) {
            return Err(EventMessageError::LengthsChecksum);
        }
        let [a, b, c, d, headers @ ..] = *lengths;
        let (total, headers) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes(headers));
        let wrong = EventMessageError::Lengths { total, headers };
        let size = |length: u32| usize::try_from(length).map_err(|_| wrong);
        let (total, headers) = (size(total)?, size(headers)?);
        if total > limit {
            return Err(EventMessageError::TooLarge { limit });
        }
        let headers_end = headers.checked_add(PRELUDE).ok_or(wrong)?;
        if headers > MOST_HEADERS || headers_end.checked_add(CHECKSUM).is_none_or(|least| total < least) {
            return Err(wrong);
        }
        Ok(Some(Self { total, headers_end }))
    }
}

/// One message of a stream: its raw bytes, checksums included, which hold. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    raw: Bytes,
    headers_end: usize,
}

impl EventMessage {
    /// The message that `raw` is from its first byte to its last, of these lengths.
    pub(super) fn read(raw: Bytes, lengths: MessageLengths) -> Result<Self, EventMessageError> {
        debug_assert!(raw.len() == lengths.total && lengths.headers_end <= raw.len(), "it is all there");
        let message = Self { raw, headers_end: lengths.headers_end };
        let (content, checksum) = message.raw.split_last_chunk().unwrap_or((&[], &[0; CHECKSUM]));
        if crc32fast::hash(content) != u32::from_be_bytes(*checksum) {
            return Err(EventMessageError::Checksum);
        }
        headers::check(message.block())?;
        Ok(message)
    }

    /// The bytes as they came.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Its headers.
    pub fn headers(&self) -> EventHeaders<'_> {
        EventHeaders::within(self.block())
    }

    /// What it carries: a slice of [`raw`](Self::raw), of JSON where a model answers.
    pub fn payload(&self) -> Bytes {
        self.raw.slice(self.headers_end..self.raw.len().saturating_sub(CHECKSUM).max(self.headers_end))
    }

    /// `:event-type`: which member of the stream's union the payload is, such as `contentBlockDelta`.
    pub fn event_type(&self) -> Option<&str> {
        self.headers().text(":event-type")
    }

    /// `:message-type`: `event`, `exception` or `error`.
    pub fn message_type(&self) -> Option<&str> {
        self.headers().text(":message-type")
    }

    /// `:exception-type`: which error it tells of, such as `throttlingException`.
    pub fn exception_type(&self) -> Option<&str> {
        self.headers().text(":exception-type")
    }

    /// `:content-type` of the payload.
    pub fn content_type(&self) -> Option<&str> {
        self.headers().text(":content-type")
    }

    pub(super) fn block(&self) -> &[u8] {
        self.raw.get(PRELUDE..self.headers_end).unwrap_or_default()
    }
}
