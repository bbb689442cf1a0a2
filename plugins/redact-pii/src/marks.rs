//! What everything that is looked for has in it: a digit or an `@`. Most of a text has neither and is passed over here,
//! eight bytes at a time.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = 0x80 * ONES;
const LOW: u64 = 0x7f * ONES;

/// Where the next digit or `@` is, from the byte `from` on.
pub(crate) fn next(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    let (blocks, _) = bytes.as_chunks::<32>();
    let passed = 32 * blocks.iter().take_while(|block| is_unmarked(block)).count();
    let (words, tail) = bytes.get(passed..)?.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marked = !unmarked(*word) & HIGH;
        if marked != 0 {
            let at = usize::try_from(marked.trailing_zeros() / 8).unwrap_or(0);
            return Some(from + passed + index * 8 + at);
        }
    }
    let at = tail.iter().position(|byte| byte.is_ascii_digit() || *byte == b'@')?;
    Some(from + bytes.len() - tail.len() + at)
}

#[inline]
fn is_unmarked(block: &[u8; 32]) -> bool {
    let (words, _) = block.as_chunks::<8>();
    words.iter().fold(HIGH, |all, word| all & unmarked(*word)) == HIGH
}

/// Leaves the high bit of each byte that is neither a digit nor an `@`; the other bits say nothing.
#[inline]
fn unmarked(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    // No byte carries into the next: without their high bits they are at most 0x7f.
    let low = word & LOW;
    let no_digit = (low ^ (u64::from(b'0') * ONES)) + (0x80 - 10) * ONES;
    let no_at_sign = (low ^ (u64::from(b'@') * ONES)) + LOW;
    no_digit & no_at_sign | word
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
