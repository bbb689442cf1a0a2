//! What a cursor has passed, for who wants to know the next text of the same kind without a cursor.

use super::span::{Span, Token};

/// A string or a number that was passed; names of members are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// A string that was asked for as [`text`](super::Cursor::text).
    Text(Token),
    /// Another string.
    String(Span),
    /// A number.
    Number(Span),
}

impl Passed {
    /// Where it stands.
    pub fn span(self) -> Span {
        match self {
            Self::Text(token) => token.span,
            Self::String(span) | Self::Number(span) => span,
        }
    }
}

/// What was passed so far; nothing where nobody asks.
#[derive(Debug, Clone)]
pub(super) struct Trace(Option<Vec<Passed>>);

impl Trace {
    pub(super) const OFF: Self = Self(None);

    pub(super) fn on() -> Self {
        Self(Some(Vec::new()))
    }

    #[inline]
    pub(super) fn text(&mut self, token: Token) {
        self.push(|| Passed::Text(token));
    }

    #[inline]
    pub(super) fn string(&mut self, span: Span) {
        self.push(|| Passed::String(span));
    }

    #[inline]
    pub(super) fn number(&mut self, span: Span) {
        self.push(|| Passed::Number(span));
    }

    #[inline]
    fn push(&mut self, what: impl FnOnce() -> Passed) {
        if let Some(passed) = &mut self.0 {
            passed.push(what());
        }
    }

    pub(super) fn into_passed(self) -> Vec<Passed> {
        self.0.unwrap_or_default()
    }
}
