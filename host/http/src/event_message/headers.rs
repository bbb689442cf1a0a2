//! The headers of a message.

use super::error::EventMessageError;

/// The most headers that a message may have. Bedrock's have three.
const MOST: usize = 64;

/// What a header says, of one of ten types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventHeaderValue<'a> {
    /// Types 0 (true) and 1 (false).
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Int(i32),
    /// Type 5.
    Long(i64),
    /// Type 6: at most 65,535 bytes are read, 32,767 written.
    Bytes(&'a [u8]),
    /// Type 7: UTF-8, bounded as bytes are.
    Text(&'a str),
    /// Type 8: milliseconds since 1970-01-01 00:00 UTC.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// The headers of a message, looked at where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHeaders<'a> {
    block: &'a [u8],
}

impl<'a> EventHeaders<'a> {
    /// The headers in a block that was checked by [`check`].
    pub(super) fn within(block: &'a [u8]) -> Self {
        Self { block }
    }

    /// Names and values in the order in which they stand. No name comes twice.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, EventHeaderValue<'a>)> {
        let mut rest = self.block;
        std::iter::from_fn(move || {
            let (header, behind) = header(rest)?;
            rest = behind;
            Some(header)
        })
    }

    /// The value of the header of this name. Names are compared as they are, upper and lower case apart.
    pub fn get(self, name: &str) -> Option<EventHeaderValue<'a>> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The value of the header of this name, if it is a text.
    pub fn text(self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            EventHeaderValue::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Checks that a block is headers from its first byte to its last, and that each name stands once: two readers might take
/// one the first and one the last of two.
pub(super) fn check(block: &[u8]) -> Result<(), EventMessageError> {
    let (mut rest, mut count) = (block, 0_usize);
    while !rest.is_empty() {
        let Some(((name, _), behind)) = header(rest) else { return Err(EventMessageError::Header) };
        if EventHeaders::within(block).iter().take(count).any(|(before, _)| before == name) {
            return Err(EventMessageError::HeaderTwice);
        }
        count += 1;
        if count > MOST {
            return Err(EventMessageError::TooManyHeaders { limit: MOST });
        }
        rest = behind;
    }
    Ok(())
}

/// The header that these bytes begin with, and what is behind it.
fn header(bytes: &[u8]) -> Option<((&str, EventHeaderValue<'_>), &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(length))?;
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    let (&kind, rest) = rest.split_first()?;
    let (value, rest) = match kind {
        0 => (EventHeaderValue::Bool(true), rest),
        1 => (EventHeaderValue::Bool(false), rest),
        2 => number(rest, |bytes| EventHeaderValue::Byte(i8::from_be_bytes(bytes)))?,
        3 => number(rest, |bytes| EventHeaderValue::Short(i16::from_be_bytes(bytes)))?,
        4 => number(rest, |bytes| EventHeaderValue::Int(i32::from_be_bytes(bytes)))?,
        5 => number(rest, |bytes| EventHeaderValue::Long(i64::from_be_bytes(bytes)))?,
        6 => sized(rest).map(|(value, rest)| (EventHeaderValue::Bytes(value), rest))?,
        7 => {
            let (value, rest) = sized(rest)?;
            (EventHeaderValue::Text(std::str::from_utf8(value).ok()?), rest)
        }
        8 => number(rest, |bytes| EventHeaderValue::Timestamp(i64::from_be_bytes(bytes)))?,
        9 => number(rest, EventHeaderValue::Uuid)?,
        _ => return None,
    };
    Some(((name, value), rest))
}

/// A value of a fixed length, and what is behind it.
fn number<'a, const N: usize>(
    bytes: &[u8],
    value: impl FnOnce([u8; N]) -> EventHeaderValue<'a>,
) -> Option<(EventHeaderValue<'a>, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((value(*number), rest))
}

/// Bytes with their length in front, and what is behind them.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
