//! Where values stand.

/// Where a value stands in its text: byte offsets, `start` at its first byte and `end` after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes of the value; empty if the span does not lie within `bytes`.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// A string value that was walked over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, quotes included.
    pub span: Span,
    /// Its length in bytes of UTF-8 once escapes are decoded. A lone surrogate counts as two.
    pub len: usize,
}
