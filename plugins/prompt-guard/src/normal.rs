//! One way of writing for what looks the same to a reader: lower case, each run of white space as one space, no invisible
//! characters, full-width letters and signs as plain ones.

use std::char::ToLowercase;
use std::str::Chars;

/// Reads a text in its normal form, character by character.
#[derive(Debug, Clone)]
pub(crate) struct Normal<'a> {
    rest: Chars<'a>,
    /// What is left of a character that has several in lower case.
    lower: Option<ToLowercase>,
    after_space: bool,
}

impl<'a> Normal<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text.chars(), lower: None, after_space: false }
    }
}

impl Iterator for Normal<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.lower.as_mut().and_then(Iterator::next) {
            return Some(c);
        }
        loop {
            let c = self.rest.next()?;
            if is_invisible(c) {
                continue;
            }
            let space = c.is_whitespace();
            let again = space && self.after_space;
            self.after_space = space;
            match c {
                _ if again => {}
                _ if space => return Some(' '),
                _ if c.is_ascii() => return Some(c.to_ascii_lowercase()),
                _ => {
                    let mut lower = plain(c).to_lowercase();
                    let first = lower.next();
                    self.lower = Some(lower);
                    return first;
                }
            }
        }
    }
}

/// Soft hyphen, joiners, direction marks and the like: they hide a phrase from a machine and not from a reader.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The plain form of a full-width letter or sign.
pub(crate) fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Whether a character beyond ASCII is read as an ASCII one other than the space, or not at all: besides full-width and
/// invisible ones these are the dotted capital I and the sign of the kelvin, for they have such letters in lower case.
pub(crate) fn hides(c: char) -> bool {
    is_invisible(c) || plain(c) != c || matches!(c, '\u{130}' | '\u{212a}')
}

/// The characters beyond ASCII of which the normal form begins with this character. All of them: a test asks every one.
pub(crate) fn written_as(first: char) -> impl Iterator<Item = char> {
    let wide = |c: char| c.is_ascii_graphic().then(|| char::from_u32(u32::from(c) + 0xfee0)).flatten();
    let capital = Some(first).into_iter().flat_map(char::to_uppercase);
    let ascii = [Some(first), Some(first.to_ascii_uppercase())].into_iter().flatten().filter_map(wide);
    let others = ALIKE.iter().filter(move |(_, lower)| *lower == first).map(|(c, _)| *c);
    [first].into_iter().chain(capital).chain(ascii).chain(others).filter(|c| !c.is_ascii())
}

/// Characters that are not the capital of what they begin with in lower case: digraphs and Greek letters that are both, and
/// signs that stand for letters.
const ALIKE: [(char, char); 37] = [
    ('\u{130}', '\u{69}'),
    ('\u{1c5}', '\u{1c6}'),
    ('\u{1c8}', '\u{1c9}'),
    ('\u{1cb}', '\u{1cc}'),
    ('\u{1f2}', '\u{1f3}'),
    ('\u{3f4}', '\u{3b8}'),
    ('\u{1e9e}', '\u{df}'),
    ('\u{1f88}', '\u{1f80}'),
    ('\u{1f89}', '\u{1f81}'),
    ('\u{1f8a}', '\u{1f82}'),
    ('\u{1f8b}', '\u{1f83}'),
    ('\u{1f8c}', '\u{1f84}'),
    ('\u{1f8d}', '\u{1f85}'),
    ('\u{1f8e}', '\u{1f86}'),
    ('\u{1f8f}', '\u{1f87}'),
    ('\u{1f98}', '\u{1f90}'),
    ('\u{1f99}', '\u{1f91}'),
    ('\u{1f9a}', '\u{1f92}'),
    ('\u{1f9b}', '\u{1f93}'),
    ('\u{1f9c}', '\u{1f94}'),
    ('\u{1f9d}', '\u{1f95}'),
    ('\u{1f9e}', '\u{1f96}'),
    ('\u{1f9f}', '\u{1f97}'),
    ('\u{1fa8}', '\u{1fa0}'),
    ('\u{1fa9}', '\u{1fa1}'),
    ('\u{1faa}', '\u{1fa2}'),
    ('\u{1fab}', '\u{1fa3}'),
    ('\u{1fac}', '\u{1fa4}'),
    ('\u{1fad}', '\u{1fa5}'),
    ('\u{1fae}', '\u{1fa6}'),
    ('\u{1faf}', '\u{1fa7}'),
    ('\u{1fbc}', '\u{1fb3}'),
    ('\u{1fcc}', '\u{1fc3}'),
    ('\u{1ffc}', '\u{1ff3}'),
    ('\u{2126}', '\u{3c9}'),
    ('\u{212a}', '\u{6b}'),
    ('\u{212b}', '\u{e5}'),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_character_beyond_ascii_is_known_by_what_it_is_read_as() {
        for c in ('\u{80}'..=char::MAX).filter(|c| !is_invisible(*c) && !c.is_whitespace()) {
            let first = Normal::of(c.encode_utf8(&mut [0; 4])).next();
            assert!(first.is_some_and(|first| written_as(first).any(|written| written == c)), "{c:?} {first:?}");
        }
        let all: BTreeSet<char> = written_as('k').collect();
        assert_eq!(all, BTreeSet::from(['\u{212a}', '\u{ff2b}', '\u{ff4b}']));
    }
}
