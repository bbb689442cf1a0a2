//! Strings and numbers where it is known that they stand.

use super::{Span, Token, scan};

/// A text of which somebody knows where its strings and numbers begin: these are scanned one by one, as a
/// [`Cursor`](super::Cursor) scans them, and nothing else is looked at.
#[derive(Debug, Clone, Copy)]
pub struct TokenScanner<'a> {
    text: &'a str,
    /// The text holds no control character.
    plain: bool,
}

impl<'a> TokenScanner<'a> {
    /// The tokens of a text; none if it is not UTF-8.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { text: std::str::from_utf8(bytes).ok()?, plain: !scan::has_control(bytes) })
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The string whose opening quote is at `at`; none if there is none, or it is not valid.
    pub fn string(&self, at: usize) -> Option<Token> {
        if self.text.as_bytes().get(at) != Some(&b'"') {
            return None;
        }
        Some(scan::string(self.text.as_bytes(), at, self.plain).ok()?.token(at))
    }

    /// The number that begins at `at`; none if there is none, or it is not valid.
    pub fn number(&self, at: usize) -> Option<Span> {
        let end = scan::number(self.text.as_bytes(), at).ok()?;
        Some(Span { start: at, end })
    }
}
