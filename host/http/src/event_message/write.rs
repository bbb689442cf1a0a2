//! Makes messages.

use bytes::{BufMut, BytesMut};

use super::error::EventMessageError;
use super::headers::EventHeaderValue;
use super::message::{CHECKSUM, EventMessage, MOST_HEADERS, MessageLengths, PRELUDE};

/// The longest value of a header that all readers of AWS take, in bytes.
const LONGEST_VALUE: usize = 32_767;

impl EventMessage {
    /// A message of these headers, in this order, and this payload; its [`raw`](Self::raw) bytes are to be sent.
    ///
    /// # Errors
    /// [`EventMessageError::Header`], [`HeaderTwice`](EventMessageError::HeaderTwice),
    /// [`TooManyHeaders`](EventMessageError::TooManyHeaders), [`Lengths`](EventMessageError::Lengths) for headers of more than
    /// 131,072 bytes, and [`TooLarge`](EventMessageError::TooLarge) for what has 4 GiB or more.
    pub fn new(headers: &[(&str, EventHeaderValue<'_>)], payload: &[u8]) -> Result<Self, EventMessageError> {
        let too_large = EventMessageError::TooLarge { limit: usize::try_from(u32::MAX).unwrap_or(usize::MAX) };
        let block = headers.iter().map(|(name, value)| length(name, value)).sum::<Option<usize>>();
        let block = block.ok_or(EventMessageError::Header)?;
        let total = payload.len().checked_add(block + PRELUDE + CHECKSUM).ok_or(too_large)?;
        let (total_length, headers_length) = (u32::try_from(total), u32::try_from(block));
        let (Ok(total_length), Ok(headers_length)) = (total_length, headers_length) else { return Err(too_large) };
        if block > MOST_HEADERS {
            return Err(EventMessageError::Lengths { total: total_length, headers: headers_length });
        }
        let mut raw = BytesMut::with_capacity(total);
        raw.put_u32(total_length);
        raw.put_u32(headers_length);
        raw.put_u32(crc32fast::hash(&raw));
        headers.iter().for_each(|(name, value)| put(&mut raw, name, value));
        raw.put_slice(payload);
        raw.put_u32(crc32fast::hash(&raw));
        // Read as everything is: what a reader would refuse is not given out.
        Self::read(raw.freeze(), MessageLengths { total, headers_end: PRELUDE + block })
    }

    /// An event whose payload is JSON, with the headers that Bedrock gives it, in its order.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn event(event_type: &str, payload: &[u8]) -> Result<Self, EventMessageError> {
        Self::of_json(":event-type", event_type, "event", payload)
    }

    /// An exception whose payload is JSON, with the headers that Bedrock gives it, in its order.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn exception(exception_type: &str, payload: &[u8]) -> Result<Self, EventMessageError> {
        Self::of_json(":exception-type", exception_type, "exception", payload)
    }

    /// The same message with another payload: its headers stay as they are, byte for byte.
    ///
    /// # Errors
    /// [`EventMessageError::TooLarge`] for what has 4 GiB or more.
    pub fn with_payload(&self, payload: &[u8]) -> Result<Self, EventMessageError> {
        let too_large = EventMessageError::TooLarge { limit: usize::try_from(u32::MAX).unwrap_or(usize::MAX) };
        let block = self.block();
        let headers_end = PRELUDE + block.len();
        let total = payload.len().checked_add(headers_end + CHECKSUM).ok_or(too_large)?;
        let (total_length, headers_length) = (u32::try_from(total), u32::try_from(block.len()));
        let (Ok(total_length), Ok(headers_length)) = (total_length, headers_length) else { return Err(too_large) };
        let mut raw = BytesMut::with_capacity(total);
        raw.put_u32(total_length);
        raw.put_u32(headers_length);
        raw.put_u32(crc32fast::hash(&raw));
        raw.put_slice(block);
        raw.put_slice(payload);
        raw.put_u32(crc32fast::hash(&raw));
        Self::read(raw.freeze(), MessageLengths { total, headers_end })
    }

    fn of_json(name: &str, value: &str, message_type: &str, payload: &[u8]) -> Result<Self, EventMessageError> {
        let headers = [
            (name, EventHeaderValue::Text(value)),
            (":content-type", EventHeaderValue::Text("application/json")),
            (":message-type", EventHeaderValue::Text(message_type)),
        ];
        Self::new(&headers, payload)
    }
}

/// Bytes of a header; none if it cannot be written.
fn length(name: &str, value: &EventHeaderValue<'_>) -> Option<usize> {
    let sized = |length: usize| (length <= LONGEST_VALUE).then_some(length + 2);
    let value = match value {
        EventHeaderValue::Bool(_) => 0,
        EventHeaderValue::Byte(_) => 1,
        EventHeaderValue::Short(_) => 2,
        EventHeaderValue::Int(_) => 4,
        EventHeaderValue::Long(_) | EventHeaderValue::Timestamp(_) => 8,
        EventHeaderValue::Uuid(_) => 16,
        EventHeaderValue::Bytes(bytes) => sized(bytes.len())?,
        EventHeaderValue::Text(text) => sized(text.len())?,
    };
    (1..=255).contains(&name.len()).then_some(1 + name.len() + 1 + value)
}

/// Writes a header whose lengths were found to be good.
fn put(out: &mut BytesMut, name: &str, value: &EventHeaderValue<'_>) {
    out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.put_slice(name.as_bytes());
    let sized = |out: &mut BytesMut, kind, bytes: &[u8]| {
        out.put_u8(kind);
        out.put_u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        out.put_slice(bytes);
    };
    let fixed = |out: &mut BytesMut, kind, bytes: &[u8]| {
        out.put_u8(kind);
        out.put_slice(bytes);
    };
    match value {
        EventHeaderValue::Bool(is) => out.put_u8(u8::from(!is)),
        EventHeaderValue::Byte(number) => fixed(out, 2, &number.to_be_bytes()),
        EventHeaderValue::Short(number) => fixed(out, 3, &number.to_be_bytes()),
        EventHeaderValue::Int(number) => fixed(out, 4, &number.to_be_bytes()),
        EventHeaderValue::Long(number) => fixed(out, 5, &number.to_be_bytes()),
        EventHeaderValue::Bytes(bytes) => sized(out, 6, bytes),
        EventHeaderValue::Text(text) => sized(out, 7, text.as_bytes()),
        EventHeaderValue::Timestamp(number) => fixed(out, 8, &number.to_be_bytes()),
        EventHeaderValue::Uuid(uuid) => fixed(out, 9, uuid),
    }
}
