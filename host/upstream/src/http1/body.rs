//! A response body as it comes off a connection.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use weir_http::response::AnswerFraming;
use weir_net::{READ, READ_AHEAD};

use super::connection::Http1Connection;
use crate::error::Break;

/// A body of which the rest is still to be read.
#[derive(Debug)]
pub(crate) struct Http1Body {
    framing: AnswerFraming,
    /// What came with the head.
    got: BytesMut,
    /// How much the next read asks for.
    want: usize,
}

/// A part of a body.
#[derive(Debug)]
pub(crate) struct Http1Piece {
    /// Empty only at the end.
    pub(crate) data: Bytes,
    pub(crate) end: Option<FramedEnd>,
}

/// The valid end of a body.
#[derive(Debug)]
pub(crate) struct FramedEnd {
    pub(crate) trailers: Option<Box<HeaderMap>>,
    /// Bytes that nobody asked for came behind it.
    surplus: bool,
}

impl Http1Body {
    pub(super) fn new(framing: AnswerFraming, got: BytesMut) -> Self {
        let want = if got.len() >= READ { READ * 2 } else { READ };
        Self { framing, got, want }
    }

    /// What of the body came with the head; maybe nothing yet.
    pub(crate) fn first(&mut self, connection: &Http1Connection) -> Result<Http1Piece, Break> {
        let got = std::mem::take(&mut self.got);
        self.take(got).inspect(|piece| piece.spend(connection))
    }

    /// Waits for the next piece.
    pub(crate) fn poll(
        &mut self,
        connection: &Http1Connection,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Http1Piece, Break>> {
        loop {
            if matches!(&self.framing, AnswerFraming::Chunked(chunked) if chunked.malformed()) {
                return Poll::Ready(Err(Break::Framing));
            }
            let read = ready!(connection.poll_read(self.want, cx)).map_err(|error| Break::from_io(&error))?;
            if read.is_empty() {
                return Poll::Ready(self.end_of_stream(connection.was_cut()));
            }
            if read.len() >= self.want {
                self.want = self.want.saturating_mul(2).min(READ_AHEAD);
            }
            let piece = self.take(read)?;
            if !piece.data.is_empty() || piece.end.is_some() {
                piece.spend(connection);
                return Poll::Ready(Ok(piece));
            }
        }
    }

    /// How many bytes are still to come, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.framing {
            AnswerFraming::Length(left) => Some(left),
            AnswerFraming::Chunked(_) | AnswerFraming::UntilClose => None,
        }
    }

    fn take(&mut self, mut read: BytesMut) -> Result<Http1Piece, Break> {
        let end = match &mut self.framing {
            AnswerFraming::Length(left) => {
                let came = read.len() as u64;
                let surplus = came > *left;
                if surplus {
                    read.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                }
                *left = left.saturating_sub(came);
                (*left == 0).then_some(FramedEnd { trailers: None, surplus })
            }
            AnswerFraming::Chunked(chunked) => {
                let surplus = !chunked.decode(&mut read).map_err(|_| Break::Framing)?.is_empty();
                chunked.ended().then(|| FramedEnd { trailers: chunked.trailers(), surplus })
            }
            AnswerFraming::UntilClose => None,
        };
        Ok(Http1Piece { data: read.freeze(), end })
    }

    fn end_of_stream(&self, cut: bool) -> Result<Http1Piece, Break> {
        match self.framing {
            AnswerFraming::UntilClose if cut => Err(Break::Cut),
            AnswerFraming::UntilClose => {
                Ok(Http1Piece { data: Bytes::new(), end: Some(FramedEnd { trailers: None, surplus: false }) })
            }
            AnswerFraming::Length(_) | AnswerFraming::Chunked(_) => Err(Break::Cut),
        }
    }
}

impl Http1Piece {
    /// A connection that has said more than it was asked for takes no further request.
    fn spend(&self, connection: &Http1Connection) {
        if self.end.as_ref().is_some_and(|end| end.surplus) {
            connection.spend();
        }
    }
}

#[cfg(test)]
mod tests;
