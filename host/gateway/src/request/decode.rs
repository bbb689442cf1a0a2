//! Bodies of requests and answers that come in a content coding (RFC 9110 section 8.4.1): decoded piece by piece as they come,
//! bounded in what they become and in how much of it at once.

mod ahead;
mod coding;
mod engine;
mod fault;
mod malformed;
mod needs;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod stream_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod workspace;
mod zstd;

use bytes::{Buf as _, Bytes};
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use weir_config::Limits;
use weir_net::ByteShare;

use crate::request::refusal::Refusal;
pub(crate) use coding::{CODINGS, Coding};
pub(crate) use fault::DecodingFault;

use coding::UnknownCoding;
use engine::Engine;
use malformed::NotOfCoding;
use workspace::DecodeMemory;

/// A piece of what a body becomes has so many bytes at most.
const PIECE: usize = 16 << 10;
/// So many bytes of a body are decoded in one step at most. A step that brings nothing out takes its time, too.
const STEP: usize = 4 << 10;
/// So long a body is decoded before others have their turn.
const SLICE: Duration = Duration::from_micros(500);
/// So many bytes a body may become whatever its size.
const ANY_RATIO: usize = 1 << 20;

impl From<UnknownCoding> for Refusal {
    fn from(UnknownCoding(name): UnknownCoding) -> Self {
        Self::EncodedBody(name)
    }
}

/// The decoding of one body.
pub(crate) struct Decoding {
    coding: Coding,
    engine: Engine,
    /// What the engine works in.
    workspace: DecodeMemory,
    /// What has come of the body and was not decoded.
    input: Bytes,
    /// All of the body has come.
    is_all: bool,
    /// There may be more to come out without anything going in.
    is_full: bool,
    scratch: Vec<u8>,
    taken: usize,
    given: usize,
    bounds: DecodingBounds,
    /// Since when nobody else had a turn.
    turn: Option<Instant>,
}

/// What decoding one body may take, and how it is to go on.
pub(crate) struct DecodingBounds {
    /// The most bytes of the body, as it comes and as it becomes.
    pub(crate) longest: usize,
    /// How many times as large as it came it may become, beyond its first MiB.
    pub(crate) ratio: usize,
    /// The most bytes of what it became that the decoder itself may keep.
    pub(crate) kept: usize,
    /// What all such bodies may hold together.
    pub(crate) room: usize,
    /// What has come is to come out at once, whatever the decoder needs of it for the rest.
    pub(crate) is_stream: bool,
}

impl DecodingBounds {
    /// Those of a request's body.
    pub(crate) fn of_request(limits: &Limits) -> Self {
        let Limits { body_bytes, body_ratio, request_memory, .. } = *limits;
        Self { longest: body_bytes, ratio: body_ratio, kept: usize::MAX, room: request_memory, is_stream: false }
    }

    /// Those of an answer, of which whoever reads it bounds what it becomes. Of a stream nothing is held back.
    pub(crate) fn of_answer(limits: &Limits, is_stream: bool) -> Self {
        let Limits { body_ratio, response_bytes, response_memory, .. } = *limits;
        Self { longest: usize::MAX, ratio: body_ratio, kept: response_bytes, room: response_memory, is_stream }
    }
}

/// There is no memory left to decode a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no memory left to decode the body")]
pub(crate) struct NoDecodingMemory;

impl Decoding {
    /// Decodes a body within bounds, in memory that is part of what all such bodies may hold together.
    ///
    /// # Errors
    /// [`NoDecodingMemory`]: there is none left.
    pub(crate) fn new(coding: Coding, bounds: DecodingBounds, share: ByteShare) -> Result<Self, NoDecodingMemory> {
        let workspace = DecodeMemory::new(share, bounds.room);
        if !workspace.take(PIECE.saturating_add(Engine::least(coding))) {
            return Err(NoDecodingMemory);
        }
        Ok(Self {
            coding,
            engine: Engine::new(coding, &workspace, bounds.is_stream),
            workspace,
            input: Bytes::new(),
            is_all: false,
            is_full: false,
            scratch: vec![0; PIECE],
            taken: 0,
            given: 0,
            bounds,
            turn: None,
        })
    }

    /// Whether nothing more comes out.
    pub(crate) fn is_over(&self) -> bool {
        self.is_all && !self.has_work() && self.engine.is_whole()
    }

    fn has_work(&self) -> bool {
        self.is_full || !self.input.is_empty()
    }

    /// The next piece of what the body becomes, none at its end. `more` gives what comes of the body.
    pub(crate) fn poll_data<E>(
        &mut self,
        cx: &mut Context<'_>,
        mut more: impl FnMut(&mut Context<'_>) -> Poll<Result<Option<Bytes>, E>>,
    ) -> Poll<Result<Option<Bytes>, DecodingFault<E>>> {
        loop {
            while self.has_work() {
                if self.turn.get_or_insert_with(Instant::now).elapsed() > SLICE {
                    self.turn = None;
                    // It wakes the task behind a look at the sockets.
                    return pin!(tokio::task::yield_now()).poll(cx).map(|()| Ok(Some(Bytes::new())));
                }
                let given = self.step()?;
                if given > 0 {
                    let piece = self.scratch.get(..given).unwrap_or_default();
                    return Poll::Ready(Ok(Some(Bytes::copy_from_slice(piece))));
                }
            }
            if self.is_all {
                let is_begun = self.given > 0 || self.engine.has_begun();
                let end =
                    if self.engine.is_whole() { Ok(None) } else { Err(DecodingFault::Cut(self.coding, is_begun)) };
                return Poll::Ready(end);
            }
            let coming = more(cx);
            if coming.is_pending() {
                self.turn = None;
            }
            match ready!(coming).map_err(DecodingFault::Source)? {
                Some(bytes) => self.input = bytes,
                None => self.is_all = true,
            }
        }
    }

    /// Whether nothing at all came of the body.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_all && self.taken == 0
    }

    /// Decodes a little, and says how much came out.
    fn step<E>(&mut self) -> Result<usize, DecodingFault<E>> {
        let some = self.input.get(..STEP).unwrap_or(&self.input);
        let (taken, given) = self.engine.decode(some, &mut self.scratch).map_err(|NotOfCoding| self.malformed())?;
        if self.workspace.is_refused() {
            return Err(DecodingFault::NoRoom);
        }
        if taken == 0 && given == 0 && !some.is_empty() {
            return Err(self.malformed());
        }
        self.input.advance(taken);
        (self.taken, self.given) = (self.taken + taken, self.given + given);
        self.is_full = given == PIECE;
        let DecodingBounds { longest, ratio, kept, .. } = self.bounds;
        if self.given > longest || self.taken > longest {
            return Err(DecodingFault::TooLarge(longest));
        }
        if self.engine.kept() > kept {
            return Err(DecodingFault::TooLarge(kept));
        }
        if self.given > ANY_RATIO && self.given / ratio > self.taken {
            return Err(DecodingFault::Inflated { ratio, bytes: self.given });
        }
        Ok(given)
    }

    /// A body that begins as something else is of another type than it says; one that breaks later is broken. A decoder that
    /// was refused memory breaks off as well.
    fn malformed<E>(&self) -> DecodingFault<E> {
        if self.workspace.is_refused() {
            DecodingFault::NoRoom
        } else if self.given == 0 {
            DecodingFault::Mislabelled(self.coding)
        } else {
            DecodingFault::Broken
        }
    }
}

impl std::fmt::Debug for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoding").field("coding", &self.coding).field("given", &self.given).finish_non_exhaustive()
    }
}
