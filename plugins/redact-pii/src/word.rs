//! The end of a text, eight bytes at a time in one number: what an event of a stream ends with is seen in a few
//! instructions, without a loop.

use crate::chars;

/// One in each byte.
pub(crate) const ONES: u64 = u64::from_le_bytes([1; 8]);
/// The high bit of each byte.
pub(crate) const HIGH: u64 = 0x80 * ONES;
/// The other bits of each byte.
pub(crate) const LOW: u64 = 0x7f * ONES;

/// The last eight bytes, the very last on top; with less than eight there are zeros below.
#[inline]
pub(crate) fn last(bytes: &[u8]) -> u64 {
    if let Some(whole) = bytes.last_chunk() {
        return u64::from_le_bytes(*whole);
    }
    match (bytes.first_chunk(), bytes.last_chunk()) {
        // The middle is in both.
        (Some(first), Some(last)) => {
            let first = u64::from(u32::from_le_bytes(*first));
            let last = u64::from(u32::from_le_bytes(*last));
            first << (64 - 8 * bytes.len()) | last << 32
        }
        _ => bytes.iter().fold(0, |word, byte| word >> 8 | u64::from(*byte) << 56),
    }
}

/// How many ASCII letters a text ends with, and the character before them, if that is the whole run: there is nothing
/// before the letters, or a character beside the alphabet of runs. None if that is not to be seen in eight bytes of ASCII.
#[inline]
pub(crate) fn letters(text: &str) -> Option<(usize, Option<char>)> {
    let bytes = text.as_bytes();
    let others = !letters_in(last(bytes)) & HIGH;
    let count = usize::try_from(others.leading_zeros() / 8).unwrap_or(8);
    if count == 8 {
        return None;
    }
    let Some(at) = bytes.len().checked_sub(count + 1) else { return Some((count, None)) };
    let before = bytes.get(at).copied().filter(u8::is_ascii).map(char::from)?;
    (!chars::in_run(before)).then_some((count, Some(before)))
}

/// Sets the high bit of each byte that is an ASCII letter; the other bits say nothing.
#[inline]
fn letters_in(word: u64) -> u64 {
    // Small letters of both cases; no byte carries into the next.
    let small = (word & LOW) | (0x20 * ONES);
    let from_a = small + (0x80 - u64::from(b'a')) * ONES;
    let past_z = small + (0x80 - u64::from(b'z') - 1) * ONES;
    from_a & !past_z & !word
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
