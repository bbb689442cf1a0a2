//! The outermost members of a large text, found without checking what is in them.

use super::scan;
use super::{MemberName, Span};

/// Why a text has no outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutlineError {
    /// It does not begin as an object does, what stands between its members is no JSON, or more stands behind its end.
    #[error("the text is not a JSON object")]
    NotObject,
    /// It ends before its last bracket or string is closed.
    #[error("the JSON object is not closed")]
    Open,
}

/// Shows the members of an object in the order in which they stand, and says whether the object is closed and nothing
/// but white space follows it. A byte order mark in front is passed over (RFC 8259 section 8.1 allows that).
///
/// This tells a text that was cut from a whole one, which no prefix of an object is, and costs a fraction of what
/// [`members`](super::members) costs where there are many numbers or long strings: of what is within a member only
/// strings and brackets are followed, and whether it is JSON otherwise is not looked at. Spans are to be read with that
/// in mind.
///
/// # Errors
/// [`OutlineError`]; the members shown before are to be thrown away.
pub fn outline<'a>(bytes: &'a [u8], mut visit: impl FnMut(MemberName<'a>, Span)) -> Result<(), OutlineError> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut at = blank_end(bytes, if bytes.starts_with(MARK) { MARK.len() } else { 0 });
    match bytes.get(at) {
        Some(b'{') => at += 1,
        Some(_) | None => return Err(OutlineError::NotObject),
    }
    loop {
        at = blank_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => {}
            Some(b',') => {
                at += 1;
                continue;
            }
            Some(b'}') => break,
            Some(_) => return Err(OutlineError::NotObject),
            None => return Err(OutlineError::Open),
        }
        let name = scan::string_end(bytes, at).ok_or(OutlineError::Open)?;
        let key = MemberName { raw: bytes.get(at + 1..name.end - 1).unwrap_or_default(), escaped: name.escaped };
        at = blank_end(bytes, name.end);
        match bytes.get(at) {
            Some(b':') => at = blank_end(bytes, at + 1),
            Some(_) => return Err(OutlineError::NotObject),
            None => return Err(OutlineError::Open),
        }
        let end = value_end(bytes, at).ok_or(OutlineError::Open)?;
        visit(key, Span { start: at, end });
        at = end;
    }
    if blank_end(bytes, at + 1) == bytes.len() { Ok(()) } else { Err(OutlineError::NotObject) }
}

/// The offset of the first byte from `at` on that is no white space (RFC 8259 section 2).
fn blank_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The offset after the value that begins at `at`; none if the text ends before it does.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => Some(scan::string_end(bytes, at)?.end),
        b'{' | b'[' => container_end(bytes, at),
        // Where a number or a word ends is told by what comes behind it.
        _ => bytes.get(at..)?.iter().position(|byte| b",}] \n\r\t".contains(byte)).map(|length| at + length),
    }
}

/// The offset after the array or object that begins at `start`. Which bracket closes which is not compared: what was
/// cut lacks some of them, whichever they are.
fn container_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth, mut plain) = (start, 0_usize, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => (at, plain) = (scan::string_end(bytes, at)?.end, 0),
            b'{' | b'[' => (at, plain, depth) = (at + 1, 0, depth + 1),
            b'}' | b']' => {
                (at, plain, depth) = (at + 1, 0, depth.saturating_sub(1));
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {
                (at, plain) = (at + 1, plain + 1);
                // Within a long run of numbers, such as embeddings are.
                if plain == 16 {
                    (at, plain) = (plain_end(bytes, at), 0);
                }
            }
        }
    }
}

/// Passes over bytes that are neither quotes nor brackets, as many blocks of them as there are.
fn plain_end(bytes: &[u8], at: usize) -> usize {
    const BLOCK: usize = 32;
    let (blocks, _) = bytes.get(at..).unwrap_or_default().as_chunks::<BLOCK>();
    // Bit 5 apart, `[` is `{` and `]` is `}`. Written without an early exit so that the compiler makes it wide.
    let marks = |byte: &u8| *byte == b'"' || *byte | 0x20 == b'{' || *byte | 0x20 == b'}';
    let plain = |block: &&[u8; BLOCK]| !block.iter().fold(false, |found, byte| found | marks(byte));
    at + blocks.iter().take_while(plain).count() * BLOCK
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
