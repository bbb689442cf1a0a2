//! What everything that is looked for has in it: a digit or an `@`. Most of a text has neither and is passed over here,
//! many bytes at a time.

use crate::word::{self, HIGH, LOW, ONES};

/// Where the next digit or `@` is, from the byte `from` on.
pub(crate) fn next(text: &str, from: usize) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    first(rest, is_mark).map(|at| from + at)
}

/// Whether there is one anywhere, or a backslash: in a JSON text an escape may stand for one.
pub(crate) fn any_or_escape(text: &str) -> bool {
    first(text.as_bytes(), |byte| is_mark(byte) | (byte == b'\\')).is_some()
}

/// Where the first such byte is.
#[inline]
fn first(bytes: &[u8], is: impl Fn(u8) -> bool + Copy) -> Option<usize> {
    let long = without::<64>(bytes, is);
    let passed = long + without::<16>(bytes.get(long..)?, is);
    // What is left is shorter than a block: it is looked at together with what stands before it.
    if bytes.len() - passed < 16 && bytes.last_chunk().is_some_and(|block| is_without::<16>(block, is)) {
        return None;
    }
    let at = bytes.get(passed..)?.iter().position(|byte| is(*byte))?;
    Some(passed + at)
}

/// Whether there is one anywhere. Made for the short texts of events: most are looked at in one go or two.
#[inline]
pub(crate) fn any(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.first_chunk() {
        None => has_mark(word::last(bytes)),
        Some(first) if bytes.len() <= 16 => has_mark(u64::from_le_bytes(*first)) || has_mark(word::last(bytes)),
        Some(_) => next(text, 0).is_some(),
    }
}

#[inline]
fn is_mark(byte: u8) -> bool {
    byte.is_ascii_digit() | (byte == b'@')
}

/// How many bytes stand at the beginning in blocks without any.
#[inline]
fn without<const BLOCK: usize>(bytes: &[u8], is: impl Fn(u8) -> bool + Copy) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    BLOCK * blocks.iter().take_while(|block| is_without(block, is)).count()
}

/// Looks at all bytes and stops at none, so that the compiler makes vector instructions of it.
#[inline]
fn is_without<const BLOCK: usize>(block: &[u8; BLOCK], is: impl Fn(u8) -> bool + Copy) -> bool {
    block.iter().fold(true, |all, byte| all & !is(*byte))
}

#[inline]
fn has_mark(word: u64) -> bool {
    // No byte carries into the next: without their high bits they are at most 0x7f.
    let low = word & LOW;
    let no_digit = (low ^ (u64::from(b'0') * ONES)) + (0x80 - 10) * ONES;
    let no_at_sign = (low ^ (u64::from(b'@') * ONES)) + LOW;
    (no_digit & no_at_sign | word) & HIGH != HIGH
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
