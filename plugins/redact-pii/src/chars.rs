//! The alphabet: runs and what is in them.
//!
//! A *run* is a longest piece of text out of letters, digits and `. _ % + - @`. Everything that is looked for is a run,
//! a part of one, or a few runs with a space, a slash or a parenthesis between them.

/// Longer runs are no number and no IBAN, and no local part of an address is longer; in characters.
pub(crate) const LONGEST_RUN: usize = 64;
/// Signs that may follow a number or an IBAN in its run, such as the full stop of a sentence; in characters.
const TRAILING: usize = 3;

/// A character of a run.
#[inline]
pub(crate) fn in_run(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit() || is_sign(c) || c == '@'
}

/// ASCII, and the Latin, Greek and Cyrillic letters that names in addresses have. Letters of scripts that are written
/// without spaces are left out: they would glue an address to the sentence around it.
#[inline]
pub(crate) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}') && c.is_alphabetic()
}

#[inline]
pub(crate) fn is_sign(c: char) -> bool {
    matches!(c, '.' | '_' | '%' | '+' | '-')
}

/// A space that may stand inside a number: plain, no-break or narrow no-break.
#[inline]
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}')
}

/// The text from `at` on.
pub(crate) fn from(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// A run: where it ends, and what is in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    pub(crate) end: usize,
    /// Where its last digit and its last `@` end; 0 if it has none.
    digits: usize,
    at_signs: usize,
}

impl Run {
    /// Whether there is a digit in it from `at` on.
    pub(crate) fn has_digit(&self, at: usize) -> bool {
        self.digits > at
    }

    /// Whether there is an `@` in it from `at` on.
    pub(crate) fn has_at_sign(&self, at: usize) -> bool {
        self.at_signs > at
    }
}

/// What a byte is: one look for each byte of a text.
const PART: u8 = 1;
const DIGITS: u8 = PART | 2;
const AT_SIGNS: u8 = PART | 4;
/// The beginning of a character beyond ASCII.
const BEYOND: u8 = 8;
const BYTES: [u8; 256] = bytes();

#[allow(clippy::indexing_slicing)] // Computed by the compiler, which would not let it pass the end.
const fn bytes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        table[byte] = match c {
            b'0'..=b'9' => DIGITS,
            b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'%' | b'+' | b'-' => PART,
            b'@' => AT_SIGNS,
            0x80.. => BEYOND,
            _ => 0,
        };
        byte += 1;
    }
    table
}

#[inline]
fn look(byte: u8) -> u8 {
    BYTES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Where the run begins that ends at `end` or goes on there, but not before `start`; `end` if there is none.
pub(crate) fn run_before(text: &str, start: usize, end: usize) -> usize {
    let piece = text.get(start..end).unwrap_or_default();
    start + piece.trim_end_matches(in_run).len()
}

/// The run that begins at `at`.
pub(crate) fn run(text: &str, at: usize) -> Run {
    let bytes = text.as_bytes();
    let mut run = Run { end: at, ..Run::default() };
    while let Some(byte) = bytes.get(run.end) {
        let kind = look(*byte);
        if kind & PART != 0 {
            run.end += 1;
            match kind {
                PART => {}
                DIGITS => run.digits = run.end,
                _ => run.at_signs = run.end,
            }
        } else if kind == BEYOND {
            match text.get(run.end..).and_then(|rest| rest.chars().next()) {
                Some(c) if is_letter(c) => run.end += c.len_utf8(),
                _ => break,
            }
        } else {
            break;
        }
    }
    run
}

/// Where the last `count` characters before `end` begin, but not before `start`.
pub(crate) fn back(text: &str, start: usize, end: usize, count: usize) -> usize {
    let piece = text.get(start..end).unwrap_or_default();
    piece.char_indices().rev().take(count).last().map_or(end, |(at, _)| start + at)
}

/// Whether a piece has at least `count` characters.
pub(crate) fn at_least(piece: &str, count: usize) -> bool {
    // Characters are never more than bytes, and most runs are short.
    piece.len() >= count && piece.chars().nth(count.saturating_sub(1)).is_some()
}

/// Whether this is nothing but signs that may follow a number or an IBAN.
pub(crate) fn only_trailing(piece: &str) -> bool {
    piece.len() <= TRAILING && piece.chars().all(|c| is_sign(c) && c != '+')
}
