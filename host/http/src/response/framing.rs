//! Where a response's body ends.

use crate::chunked::Chunked;

/// What tells where the body ends (RFC 9112 section 6.3).
#[derive(Debug)]
pub enum AnswerFraming {
    /// After so many more bytes.
    Length(u64),
    /// With the last chunk.
    Chunked(Chunked),
    /// With the connection.
    UntilClose,
}
