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

/// The address of something on the web: no white space is in it. What is behind it is not for us to read.
pub(super) fn is_web_address(content: &[u8]) -> bool {
    let begins = |scheme: &[u8]| {
        content.split_at_checked(scheme.len()).is_some_and(|(begin, _)| begin.eq_ignore_ascii_case(scheme))
    };
    // Some encoders write `/` with an escape.
    let is_web = [&b"https://"[..], b"http://", b"https:\\/\\/", b"http:\\/\\/"].into_iter().any(begins);
    is_web && content.chunks(4096).all(|chunk| chunk.iter().fold(true, visible)) && only_slashes_escaped(content)
}

/// One word without a digit: it may be the name of a format or of a member, and none of what has a number in it.
pub(super) fn is_letters(content: &[u8]) -> bool {
    let (eights, rest) = content.as_chunks::<8>();
    let in_letters = |byte: &u8| in_word(byte) && !byte.is_ascii_digit();
    content.len() <= WORD
        && eights.iter().all(|eight| is_small(u64::from_le_bytes(*eight)) || eight.iter().all(in_letters))
        && rest.iter().all(in_letters)
}

/// The types of JSON Schema (2020-12, validation section 6.1.1), and none.
pub(super) fn is_schema_type(content: &[u8]) -> bool {
    matches!(content, b"" | b"string" | b"number" | b"integer" | b"boolean" | b"array" | b"object" | b"null")
}

/// A number may be read as text if it has so many digits before its point, or is written with an exponent.
const LONG_NUMBER: usize = 7;

/// Whether a number is as long as those that mean somebody or something: a phone's, a card's, an account's.
pub(super) fn is_long_number(token: &[u8]) -> bool {
    if token.len() < LONG_NUMBER {
        return false;
    }
    let whole = token.iter().position(|byte| *byte == b'.').unwrap_or(token.len());
    let digits = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits(token.get(..whole).unwrap_or_default()) >= LONG_NUMBER
        || digits(token) >= LONG_NUMBER && token.iter().any(|byte| matches!(byte, b'e' | b'E'))
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
