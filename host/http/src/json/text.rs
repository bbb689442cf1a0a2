//! Strings, numbers and booleans: from token to value and back.

use std::borrow::Cow;

use super::scan::hex4;
use crate::hex;

/// The value of a string token, quotes included, as a walker's span shows it. Borrowed unless an escape stands in it.
/// None if it is not in quotes, not UTF-8, or holds a lone surrogate.
pub fn string(token: &[u8]) -> Option<Cow<'_, str>> {
    decode(unquoted(token)?, false)
}

/// As [`string`], with U+FFFD in place of a lone surrogate. For text that is looked at, never for what is compared.
pub fn string_lossy(token: &[u8]) -> Option<Cow<'_, str>> {
    decode(unquoted(token)?, true)
}

/// As [`string`], for a name whose quotes were taken off ([`MemberName::raw`](super::MemberName::raw)).
pub fn decode_key(content: &[u8]) -> Option<Cow<'_, str>> {
    decode(content, false)
}

/// As [`decode_key`], with U+FFFD in place of a lone surrogate.
pub(super) fn decode_lossy(content: &[u8]) -> Option<Cow<'_, str>> {
    decode(content, true)
}

/// The value of a number token that is a whole number from 0 to 2⁶⁴−1, written without point or exponent.
pub fn unsigned(token: &[u8]) -> Option<u64> {
    // `u64::from_str` takes a leading `+`, JSON does not.
    token.first().filter(|byte| byte.is_ascii_digit())?;
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// The value of a `true` or `false` token.
pub fn boolean(token: &[u8]) -> Option<bool> {
    match token {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Appends `text` as a JSON string, quotes included. Escapes what RFC 8259 section 7 says must be, and nothing else.
pub fn escape_into(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(run) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (clean, tail) = rest.split_at(run);
        out.extend_from_slice(clean);
        let Some((byte, tail)) = tail.split_first() else { break };
        match short_escape(*byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => {
                let mut escape = *b"\\u0000";
                hex::fill(escape.get_mut(2..).unwrap_or_default(), u64::from(*byte));
                out.extend_from_slice(&escape);
            }
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// How many bytes [`escape_into`] would append.
pub fn escaped_len(text: &str) -> usize {
    let extra = |byte: &u8| match (needs_escape(*byte), short_escape(*byte)) {
        (false, _) => 0,
        (true, Some(_)) => 1,
        (true, None) => 5,
    };
    text.len() + 2 + text.as_bytes().iter().map(extra).sum::<usize>()
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        0x08 => Some(b'b'),
        0x0c => Some(b'f'),
        _ => None,
    }
}

fn unquoted(token: &[u8]) -> Option<&[u8]> {
    token.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn decode(content: &[u8], lossy: bool) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(content).ok()?;
    let Some(first) = memchr::memchr(b'\\', content) else { return Some(Cow::Borrowed(text)) };
    let mut out = String::with_capacity(text.len());
    out.push_str(text.get(..first)?);
    let mut rest = text.get(first..)?;
    while let Some(escape) = rest.strip_prefix('\\') {
        let (character, tail) = one_escape(escape, lossy)?;
        out.push(character);
        let run = memchr::memchr(b'\\', tail.as_bytes()).unwrap_or(tail.len());
        out.push_str(tail.get(..run)?);
        rest = tail.get(run..)?;
    }
    Some(Cow::Owned(out))
}

/// Decodes what follows a backslash and answers the character and what is left.
fn one_escape(escape: &str, lossy: bool) -> Option<(char, &str)> {
    let letter = *escape.as_bytes().first()?;
    let plain = match letter {
        b'"' | b'\\' | b'/' => char::from(letter),
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode_escape(escape.get(1..)?, lossy),
        _ => return None,
    };
    Some((plain, escape.get(1..)?))
}

/// Decodes `XXXX` or a pair `XXXX\uXXXX` (RFC 8259 section 7).
fn unicode_escape(digits: &str, lossy: bool) -> Option<(char, &str)> {
    let unit = hex4(digits.as_bytes().get(..4)?)?;
    let tail = digits.get(4..)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Some((character, tail));
    }
    let low = tail.strip_prefix("\\u").and_then(|low| hex4(low.as_bytes().get(..4)?));
    if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (unit, low) {
        let scalar = 0x1_0000 + (u32::from(unit - 0xd800) << 10) + u32::from(low - 0xdc00);
        return Some((char::from_u32(scalar)?, tail.get(6..)?));
    }
    lossy.then_some((char::REPLACEMENT_CHARACTER, tail))
}
