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
