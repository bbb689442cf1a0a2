//! A response body as it comes off an HTTP/2 stream.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use super::pulse::OpenRequest;
use crate::error::Break;

/// A body of which the rest is still to be read. Dropped before its end, it resets its stream.
pub(crate) struct Http2Body {
    stream: RecvStream,
    /// How many bytes are still to come, if that is known.
    left: Option<u64>,
    /// The data have ended: there may be trailers.
    data_ended: bool,
    _open: OpenRequest,
}

/// A part of a body.
pub(crate) enum Http2Piece {
    Data(Bytes),
    /// The last one, with what it holds.
    Last(Bytes, Option<Box<HeaderMap>>),
}

impl Http2Body {
    pub(super) fn new(stream: RecvStream, head: &HeaderMap, open: OpenRequest) -> Self {
        // h2 holds the data to it (RFC 9113 section 8.1.1).
        let left = head.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Self { stream, left, data_ended: false, _open: open }
    }

    /// Whether nothing more comes.
    pub(crate) fn has_ended(&self) -> bool {
        self.stream.is_end_stream()
    }

    /// How many bytes are still to come, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        self.left
    }

    /// Waits for the next piece.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Http2Piece, Break>> {
        if !self.data_ended {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                    let ended = self.stream.is_end_stream();
                    return Poll::Ready(Ok(if ended { Http2Piece::Last(data, None) } else { Http2Piece::Data(data) }));
                }
                Some(Err(error)) => return Poll::Ready(self.broke(&error)),
                None => self.data_ended = true,
            }
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => Poll::Ready(Ok(Http2Piece::Last(Bytes::new(), trailers.map(Box::new)))),
            Err(error) => Poll::Ready(self.broke(&error)),
        }
    }

    fn broke(&self, error: &h2::Error) -> Result<Http2Piece, Break> {
        // It needs nothing more of the request, and has said all that it announced (RFC 9113 section 8.1).
        if error.reason() == Some(Reason::NO_ERROR) && self.left == Some(0) {
            return Ok(Http2Piece::Last(Bytes::new(), None));
        }
        Err(match error {
            _ if error.is_io() => Break::Cut,
            _ if error.is_remote() => Break::Reset,
            _ => Break::Framing,
        })
    }
}
