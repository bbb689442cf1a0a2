//! The body of an answer as whoever reads it has it: plain, whatever coding it comes in. None is asked for, but some servers, and
//! proxies in front of them, code all the same.

use super::expected::ExpectedAnswer;
use crate::request::decode::{Coding, Decoding, DecodingBounds, DecodingFault};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::{Body as _, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use weir_upstream::{AttemptFailure, Body, BodyError};

/// An answer's body, out of its coding.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// As it comes off a connection.
    Plain(Body),
    /// In a coding.
    Coded(Box<CodedBody>),
}

/// A body in a coding, and what decodes it.
#[derive(Debug)]
pub(crate) struct CodedBody {
    body: Body,
    decoding: Decoding,
    ended: Option<Result<(), AnswerFault>>,
}

/// Why a body did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerFault {
    /// The transport broke.
    Transport(BodyError),
    /// It ended well, in the middle of what is coded.
    Cut,
    /// It is not in the coding that it says.
    Encoded,
    /// It becomes too much: the last word of the limit's name, and bytes.
    TooLarge(&'static str, usize),
    /// There is no memory left to decode it.
    NoRoom,
}

impl AnswerFault {
    /// What an attempt comes to whose answer came apart before a byte of it was relayed.
    pub(crate) fn decide(self) -> AttemptFailure {
        match self {
            Self::Transport(error) => error.decide(),
            Self::Cut => AttemptFailure::broken(),
            Self::Encoded => AttemptFailure::encoded(),
            Self::TooLarge(what, limit) => AttemptFailure::too_large(what, limit),
            Self::NoRoom => AttemptFailure::no_room(),
        }
    }

    /// The same of an answer that was being relayed.
    pub(crate) fn decide_relayed(self) -> AttemptFailure {
        match self {
            Self::Transport(error) => error.decide_relayed(),
            other => other.decide(),
        }
    }

    /// Whether what came before may be all of it nevertheless.
    pub(crate) fn is_cut(self) -> bool {
        matches!(self, Self::Transport(_) | Self::Cut)
    }
}

impl From<DecodingFault<BodyError>> for AnswerFault {
    fn from(fault: DecodingFault<BodyError>) -> Self {
        match fault {
            DecodingFault::Source(error) => Self::Transport(error),
            DecodingFault::NoRoom => Self::NoRoom,
            DecodingFault::TooLarge(limit) => Self::TooLarge("response", limit),
            DecodingFault::Inflated { bytes, .. } => Self::TooLarge("body_ratio", bytes),
            DecodingFault::Cut(_, true) => Self::Cut,
            // What has not begun as it is was something else.
            DecodingFault::Cut(_, false) | DecodingFault::Mislabelled(_) | DecodingFault::Broken => Self::Encoded,
        }
    }
}

impl AnswerBody {
    /// A body that comes with these headers, which from then on say nothing of a coding.
    ///
    /// # Errors
    /// [`AttemptFailure`]: it is in a coding that is not known, or there is no memory to decode it in.
    pub(super) fn of(
        headers: &mut HeaderMap,
        body: Body,
        expected: &ExpectedAnswer<'_>,
    ) -> Result<Self, AttemptFailure> {
        let decoding = match Coding::of_answer(headers) {
            Ok(None) => return Ok(Self::Plain(body)),
            Ok(Some(coding)) => {
                let bounds = DecodingBounds::of_answer(expected.limits, expected.streaming);
                Decoding::new(coding, bounds, expected.memory.share()).map_err(|_| AttemptFailure::no_room())
            }
            Err(_) => Err(AttemptFailure::encoded()),
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        match decoding {
            Ok(decoding) => Ok(Self::Coded(Box::new(CodedBody { body, decoding, ended: None }))),
            Err(failure) => {
                body.leave();
                Err(failure)
            }
        }
    }

    /// All of a body that came whole with its head, if it has no more than `most` bytes.
    pub(crate) fn take_all_within(&mut self, most: usize) -> Option<Bytes> {
        match self {
            Self::Plain(body) => body.take_all_within(most),
            Self::Coded(_) => None,
        }
    }

    /// Takes leave of a body of which nothing more is wanted.
    pub(crate) fn leave(self) {
        match self {
            Self::Plain(body) => body.leave(),
            Self::Coded(coded) => coded.body.leave(),
        }
    }

    /// Since when nothing has come although somebody asked.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        match self {
            Self::Plain(body) => body.silent_since(),
            Self::Coded(coded) => coded.body.silent_since(),
        }
    }
}

impl CodedBody {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, AnswerFault>> {
        if let Some(ended) = self.ended {
            return Poll::Ready(ended.map(|()| None));
        }
        let Self { body, decoding, .. } = self;
        let next = ready!(decoding.poll_data(cx, |cx| poll_coded(body, cx))).map_err(AnswerFault::from);
        let next = match next {
            // Some say of nothing that it is coded.
            Err(AnswerFault::Encoded) if decoding.is_empty() => Ok(None),
            next => next,
        };
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.ended = Some(Ok(())),
            Err(fault) => self.ended = Some(Err(*fault)),
        }
        Poll::Ready(next)
    }
}

/// The next of what is coded; none at the end. What comes behind it is no part of it.
fn poll_coded(body: &mut Body, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
    loop {
        let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) else { return Poll::Ready(Ok(None)) };
        if let Ok(data) = frame?.into_data()
            && !data.is_empty()
        {
            return Poll::Ready(Ok(Some(data)));
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = AnswerFault;

    #[inline]
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerFault>>> {
        match &mut *self {
            Self::Plain(body) => Pin::new(body).poll_frame(cx).map_err(AnswerFault::Transport),
            Self::Coded(coded) => coded.poll_data(cx).map(|next| next.map(|data| data.map(Frame::data)).transpose()),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Plain(body) => body.is_end_stream(),
            Self::Coded(coded) => coded.ended == Some(Ok(())),
        }
    }
}
