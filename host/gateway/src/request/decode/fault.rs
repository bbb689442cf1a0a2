//! Why a body cannot be decoded any further.

use super::coding::Coding;
use crate::request::refusal::Refusal;

/// Why no more comes out of a body in a coding. `E` is what goes wrong with what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DecodingFault<E> {
    /// Nothing more comes of the body.
    Source(E),
    /// There is no memory left to go on.
    NoRoom,
    /// It is larger than so many bytes, as it comes or as it becomes.
    TooLarge(usize),
    /// It has become so many bytes, more than `ratio` times of what came.
    Inflated { ratio: usize, bytes: usize },
    /// It is not of this coding from its beginning.
    Mislabelled(Coding),
    /// It is not from some point on.
    Broken,
    /// It ends in the middle, and whether it surely was of its coding up to there.
    Cut(Coding, bool),
}

impl From<DecodingFault<Self>> for Refusal {
    fn from(fault: DecodingFault<Self>) -> Self {
        match fault {
            DecodingFault::Source(refusal) => refusal,
            DecodingFault::NoRoom => Self::RequestMemory,
            DecodingFault::TooLarge(limit) => Self::BodyTooLarge(limit),
            DecodingFault::Inflated { ratio, .. } => Self::BodyInflated(ratio),
            DecodingFault::Mislabelled(coding) => Self::Mislabelled(coding.name()),
            DecodingFault::Broken => Self::BodyBroken,
            DecodingFault::Cut(coding, _) => Self::BodyCut(coding.name()),
        }
    }
}
