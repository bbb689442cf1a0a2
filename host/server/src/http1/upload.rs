//! What is still to come of a request's body, and taking it out of what has come.

use bytes::BytesMut;
use weir_http::chunked::{Chunked, Malformed};
use weir_http::request::RequestFraming;

/// The rest of a body.
#[derive(Debug)]
pub(super) enum BodyDecoder {
    /// Nothing: what comes next is the next request.
    Over,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// Nobody knows where it ends.
    Broken,
}

impl BodyDecoder {
    pub(super) fn new(framing: RequestFraming) -> Self {
        match framing {
            RequestFraming::Length(0) => Self::Over,
            RequestFraming::Length(length) => Self::Length(length),
            RequestFraming::Chunked => Self::Chunked(Chunked::default()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// The fewest bytes of data that are still to come.
    pub(super) fn least(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            Self::Over | Self::Chunked(_) | Self::Broken => 0,
        }
    }

    /// The bytes of data that are known to come: all of them, or the rest of a chunk.
    pub(super) fn announced(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            Self::Chunked(chunked) => chunked.least(),
            Self::Over | Self::Broken => 0,
        }
    }

    /// Takes the body's data out of `got`, in one piece: all of it that is there, most often without a copy. What is
    /// behind the body stays.
    pub(super) fn take(&mut self, got: &mut BytesMut) -> Result<BytesMut, Malformed> {
        let (data, over) = match self {
            Self::Over => return Ok(BytesMut::new()),
            Self::Broken => return Err(Malformed),
            Self::Length(left) => {
                let there = usize::try_from(*left).unwrap_or(usize::MAX).min(got.len());
                *left -= there as u64;
                let data = if there == got.len() { std::mem::take(got) } else { got.split_to(there) };
                (data, *left == 0)
            }
            Self::Chunked(chunked) => {
                let mut data = std::mem::take(got);
                match chunked.decode(&mut data) {
                    Ok(behind) => *got = behind,
                    Err(malformed) => {
                        *self = Self::Broken;
                        return Err(malformed);
                    }
                }
                (data, chunked.ended())
            }
        };
        if over {
            *self = Self::Over;
        }
        Ok(data)
    }

    /// Whether it is known to be broken behind the data that was taken.
    pub(super) fn is_broken(&self) -> bool {
        match self {
            Self::Chunked(chunked) => chunked.malformed(),
            Self::Broken => true,
            Self::Over | Self::Length(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
