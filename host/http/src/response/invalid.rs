//! Heads that are not accepted.

use crate::fields::BadFields;

/// Why a response's head is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidResponseHead {
    /// It is not what RFC 9112 says that a head is.
    Malformed,
    /// It has more than [`HEAD_BYTES`](super::HEAD_BYTES), or more than [`FIELDS`](crate::fields::FIELDS) fields.
    TooLarge,
    /// It leaves HTTP.
    Upgrade,
    /// The body's transfer coding is not just `chunked`.
    Coding,
    /// More came before it than anybody would say.
    Talkative,
}

impl InvalidResponseHead {
    /// The same in words, for whoever reads of an upstream that sent it.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Malformed => "its head is malformed",
            Self::TooLarge => "its head is too large",
            Self::Upgrade => "101 although nobody asked for an upgrade",
            Self::Coding => "its transfer coding is another than chunked",
            Self::Talkative => "too many informational answers came before it",
        }
    }
}

impl From<BadFields> for InvalidResponseHead {
    fn from(bad: BadFields) -> Self {
        match bad {
            BadFields::Malformed => Self::Malformed,
            BadFields::TooMany => Self::TooLarge,
        }
    }
}
