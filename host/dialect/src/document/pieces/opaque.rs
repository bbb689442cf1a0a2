//! Strings that hold no text for a reader: judged by what they are, so that text in their place is text.
//!
//! All of these take the content of a JSON string, escapes as they stand.

/// So long a word may be, in bytes; the longest ids and model names have about a hundred.
const WORD: usize = 128;

/// One word as identifiers are: letters, digits and a few signs. It holds no phrase and no address.
pub(super) fn is_word(content: &[u8]) -> bool {
    let (eights, rest) = content.as_chunks::<8>();
    content.len() <= WORD
        && eights.iter().all(|eight| is_small(u64::from_le_bytes(*eight)) || eight.iter().all(in_word))
        && rest.iter().all(in_word)
}

/// Whether these are eight small letters or underscores, which most of most words are.
fn is_small(eight: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = 0x80 * ONES;
    // No byte carries into the next: without their high bits they are at most 0x7f.
    let low = eight & !HIGH;
    let from_underscore = low + (0x80 - 0x5f) * ONES;
    let beyond_z = low + (0x7f - 0x7a) * ONES;
    let no_backquote = (low ^ (0x60 * ONES)) + 0x7f * ONES;
    from_underscore & !beyond_z & no_backquote & !eight & HIGH == HIGH
}

#[inline]
fn in_word(byte: &u8) -> bool {
    IN_WORD.get(usize::from(*byte)).is_some_and(|is| *is)
}

const IN_WORD: [bool; 256] = word_bytes();

#[allow(clippy::indexing_slicing)] // computed by the compiler, which would not let it pass the end
const fn word_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'$');
        byte += 1;
    }
    table
}

/// Bytes in base64 (RFC 4648), as they are or in a `data:` URL (RFC 2397).
pub(super) fn is_encoded(content: &[u8]) -> bool {
    let data = data_url(content).map_or(Some(content), |rest| {
        let head = rest.get(..rest.len().min(WORD))?;
        let comma = head.iter().position(|b| *b == b',')?;
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"+-._/;=\\".contains(b);
        head.get(..comma)?.iter().all(plain).then(|| rest.get(comma + 1..))?
    });
    data.is_some_and(|data| {
        data.chunks(4096).all(|chunk| chunk.iter().fold(true, in_base64)) && only_slashes_escaped(data)
    })
}

/// An address of an image or another file: no white space is in it. What is behind it is not for us to read.
pub(super) fn is_address(content: &[u8]) -> bool {
    if data_url(content).is_some() {
        return is_encoded(content);
    }
    content.chunks(4096).all(|chunk| chunk.iter().fold(true, visible)) && only_slashes_escaped(content)
}

/// What follows `data:`, if a text begins with it.
pub(super) fn data_url(content: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = content.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case(b"data:").then_some(rest)
}

// Both are made for folding without an early exit, so that the compiler makes it wide.

fn in_base64(all: bool, b: &u8) -> bool {
    all & (b.is_ascii_alphanumeric() | matches!(*b, b'+' | b'/' | b'=' | b'-' | b'_' | b'\\'))
}

fn visible(all: bool, b: &u8) -> bool {
    all & b.is_ascii_graphic()
}

/// Some encoders write `/` with an escape.
fn only_slashes_escaped(content: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', content).all(|at| content.get(at + 1) == Some(&b'/'))
}
