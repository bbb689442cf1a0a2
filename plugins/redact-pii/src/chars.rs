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

/// The end of the run that begins at `at`.
pub(crate) fn run_end(text: &str, at: usize) -> usize {
    from(text, at).find(|c| !in_run(c)).map_or(text.len(), |len| at + len)
}

/// Where the last `count` characters before `end` begin, but not before `start`.
pub(crate) fn back(text: &str, start: usize, end: usize, count: usize) -> usize {
    let piece = text.get(start..end).unwrap_or_default();
    piece.char_indices().rev().take(count).last().map_or(end, |(at, _)| start + at)
}

/// Whether a piece has at least `count` characters.
pub(crate) fn at_least(piece: &str, count: usize) -> bool {
    piece.chars().nth(count.saturating_sub(1)).is_some()
}

/// Whether this is nothing but signs that may follow a number or an IBAN.
pub(crate) fn only_trailing(piece: &str) -> bool {
    piece.len() <= TRAILING && piece.chars().all(|c| is_sign(c) && c != '+')
}

/// Whether a text that begins like this may be the continuation of a match or of a run. That a space and then a small
/// letter never continue one spares most events of a stream a question to the host.
pub(crate) fn could_continue(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if is_space(c) => !chars.next().is_some_and(|c| c.is_ascii_lowercase()),
        Some(c) => in_run(c) || matches!(c, '(' | ')' | '/'),
        None => false,
    }
}
