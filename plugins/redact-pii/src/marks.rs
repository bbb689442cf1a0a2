//! What everything that is looked for has in it: a digit or an `@`. Most of a text has neither and is passed over here,
//! many bytes at a time.

use crate::word::{self, HIGH, LOW, ONES};

/// Where the next digit or `@` is, from the byte `from` on.
pub(crate) fn next(text: &str, from: usize) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    let long = unmarked::<64>(rest);
    let passed = long + unmarked::<16>(rest.get(long..)?);
    // What is left is shorter than a block: it is looked at together with what stands before it.
    if rest.len() - passed < 16 && rest.last_chunk().is_some_and(is_unmarked::<16>) {
        return None;
    }
    let at = rest.get(passed..)?.iter().position(|byte| is_mark(*byte))?;
    Some(from + passed + at)
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
fn unmarked<const BLOCK: usize>(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    BLOCK * blocks.iter().take_while(|block| is_unmarked(block)).count()
}

/// Looks at all bytes and stops at none, so that the compiler makes vector instructions of it.
#[inline]
fn is_unmarked<const BLOCK: usize>(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(true, |all, byte| all & !is_mark(*byte))
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
