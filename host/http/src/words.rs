//! Bytes looked for eight at a time: what is near is found before a wide search is worth its start.

/// So many words are near.
pub(crate) const NEAR: usize = 4;

const REPEAT: u64 = 0x0101_0101_0101_0101;

/// A word of eight times this byte.
pub(crate) const fn of(byte: u8) -> u64 {
    REPEAT * byte as u64
}

/// The high bit of each byte that is zero. A byte above the first such may be marked wrongly, the first never is.
pub(crate) fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(REPEAT) & !word & (REPEAT << 7)
}

/// The offset of the first byte that was marked; 8 if none was.
pub(crate) fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The offset of the first such byte, which most often is near.
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().take(NEAR).enumerate() {
        let marks = zero_bytes(u64::from_le_bytes(*word) ^ of(byte));
        if marks != 0 {
            return Some(index * 8 + first(marks));
        }
    }
    let far = words.len().min(NEAR) * 8;
    memchr::memchr(byte, bytes.get(far..)?).map(|at| far + at)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::find;

    #[test]
    fn a_byte_is_found_wherever_it_stands_first() {
        let mut text: Vec<u8> = (0..100).map(|at| b"ab9\x01\x80\xff;<"[at % 8]).collect();
        assert_eq!((find(b':', &text), find(b':', b"")), (None, None));
        for at in (0..text.len()).rev() {
            // Those behind are still there.
            text[at] = b':';
            assert_eq!(find(b':', &text), Some(at));
            for start in 0..=at {
                assert_eq!(find(b':', &text[start..]), Some(at - start));
            }
        }
    }
}
