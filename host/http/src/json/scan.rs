//! Scanners of the scalar tokens: each takes the offset of a token's first byte and finds its end.

use super::JsonSyntaxError;
use super::span::{Span, Token};
use crate::words::{self, NEAR, zero_bytes};

/// A string token that was scanned.
pub(super) struct Scanned {
    /// Offset after the closing quote.
    pub(super) end: usize,
    /// How many bytes shorter the string is once its escapes are decoded; 0 if and only if there is none.
    pub(super) shrink: usize,
}

impl Scanned {
    /// The token whose opening quote is at `start`.
    pub(super) fn token(&self, start: usize) -> Token {
        let len = self.end.saturating_sub(start).saturating_sub(2).saturating_sub(self.shrink);
        Token { span: Span { start, end: self.end }, len }
    }
}

fn wrong<T>(at: usize, what: &'static str) -> Result<T, JsonSyntaxError> {
    Err(JsonSyntaxError::Syntax { at, what })
}

/// Whether a byte below U+0020 is there. Written without an early exit so that the compiler makes it wide.
pub(super) fn has_control(bytes: &[u8]) -> bool {
    bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |found, byte| found | (*byte < 0x20)))
}

/// Scans the string whose opening quote is at `start`. `plain` says that the text holds no control character at all,
/// which spares looking for them in each string.
pub(super) fn string(bytes: &[u8], start: usize, plain: bool) -> Result<Scanned, JsonSyntaxError> {
    let mut at = start.saturating_add(1);
    let mut shrink = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(run) = quote_or_backslash(rest) else {
            return wrong(bytes.len(), "a string is not closed");
        };
        if !plain && has_control(rest.get(..run).unwrap_or_default()) {
            let bad = rest.iter().take_while(|byte| **byte >= 0x20).count();
            return wrong(at + bad, "a control character in a string must be escaped");
        }
        at += run;
        if bytes.get(at) == Some(&b'"') {
            return Ok(Scanned { end: at + 1, shrink });
        }
        match bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                at += 2;
                shrink += 1;
            }
            Some(b'u') => {
                let Some(unit) = bytes.get(at + 2..at + 6).and_then(hex4) else {
                    return wrong(at, "`\\u` needs four hexadecimal digits");
                };
                at += 6;
                // Half of a pair counts as two bytes, so that a pair makes four.
                shrink += match unit {
                    0..=0x7f => 5,
                    0x80..=0x7ff | 0xd800..=0xdfff => 4,
                    _ => 3,
                };
            }
            Some(_) => return wrong(at, "an unknown escape in a string"),
            None => return wrong(bytes.len(), "a string is not closed"),
        }
    }
}

/// Whether every backslash begins an escape of RFC 8259 section 7, in text of which it is known where its strings end.
pub(super) fn escapes_are_valid(mut rest: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escape = rest.get(at + 1..).unwrap_or_default();
        let length = match escape.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
            Some(b'u') if escape.get(1..5).and_then(hex4).is_some() => 5,
            Some(_) | None => return false,
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    true
}

/// Where a string ends that nobody has to read.
pub(super) struct StringEnd {
    /// Offset after the closing quote.
    pub(super) end: usize,
    /// Whether an escape stands in it.
    pub(super) escaped: bool,
}

/// Finds the end of the string whose opening quote is at `start`, whatever is in it; none if it is not closed.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Option<StringEnd> {
    let mut at = start.saturating_add(1);
    let mut escaped = false;
    loop {
        at += quote_or_backslash(bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(StringEnd { end: at + 1, escaped });
        }
        escaped = true;
        at += 2;
    }
}

/// How long a string is, from behind its opening quote, if it is short and no escape stands in it. What control characters
/// do in it is for the caller to know.
#[inline]
pub(super) fn short(bytes: &[u8]) -> Option<usize> {
    let (all, _) = bytes.as_chunks::<8>();
    for (index, word) in all.iter().take(NEAR).enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = zero_bytes(word ^ QUOTES);
        let hits = quotes | zero_bytes(word ^ BACKSLASHES);
        if hits != 0 {
            // The lowest bit is the first hit, of whichever kind it is.
            let first = hits & hits.wrapping_neg();
            return (quotes & first != 0).then(|| index * 8 + words::first(hits));
        }
    }
    None
}

/// The offset of the first `"` or `\`. Names are short, and in code and prose escapes stand close together: eight bytes
/// at a time are looked at first, before the wide search is worth its start.
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let (all, _) = bytes.as_chunks::<8>();
    for (index, word) in all.iter().take(NEAR).enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if hits != 0 {
            return Some(index * 8 + words::first(hits));
        }
    }
    let far = all.len().min(NEAR) * 8;
    memchr::memchr2(b'"', b'\\', bytes.get(far..)?).map(|at| far + at)
}

const QUOTES: u64 = words::of(b'"');
const BACKSLASHES: u64 = words::of(b'\\');

/// The value of four hexadecimal digits; none if they are not four or not digits.
pub(super) fn hex4(digits: &[u8]) -> Option<u16> {
    let digits: [u8; 4] = digits.try_into().ok()?;
    digits.iter().try_fold(0u16, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}

/// Scans the number at `start` and answers the offset after it (RFC 8259 section 6: no leading zeros, no `+`, no bare
/// point).
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, JsonSyntaxError> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(bytes, at),
        _ => return wrong(at, "expected a digit"),
    }
    if let Some(b'0'..=b'9') = bytes.get(at) {
        return wrong(at, "a number must not begin with 0");
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(bytes, at + 1);
        if end == at + 1 {
            return wrong(end, "expected a digit after the decimal point");
        }
        at = end;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        let end = digits(bytes, at);
        if end == at {
            return wrong(end, "expected a digit in the exponent");
        }
        at = end;
    }
    Ok(at)
}

fn digits(bytes: &[u8], from: usize) -> usize {
    from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Scans `true`, `false` or `null` at `start`, as given by `word`, and answers the offset after it.
pub(super) fn word(bytes: &[u8], start: usize, word: &'static [u8]) -> Result<usize, JsonSyntaxError> {
    let end = start + word.len();
    if bytes.get(start..end) == Some(word) { Ok(end) } else { wrong(start, "expected a value") }
}
