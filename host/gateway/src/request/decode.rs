//! Request bodies that come in a content coding (RFC 9110 section 8.4.1): decoded piece by piece as they come, bounded in
//! what they become and in how much of it at once.

mod coding;
mod engine;
mod malformed;
mod needs;
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
    limit: usize,
    ratio: usize,
    /// Since when nobody else had a turn.
    turn: Option<Instant>,
}

impl Decoding {
    /// Decodes a body within the limits of any body, in memory that is part of what all bodies may hold together.
    ///
    /// # Errors
    /// [`Refusal::RequestMemory`]: there is none left.
    pub(crate) fn new(coding: Coding, limits: &Limits, share: ByteShare) -> Result<Self, Refusal> {
        let workspace = DecodeMemory::new(share, limits.request_memory);
        if !workspace.take(PIECE.saturating_add(Engine::least(coding))) {
            return Err(Refusal::RequestMemory);
        }
        Ok(Self {
            coding,
            engine: Engine::new(coding, &workspace),
            workspace,
            input: Bytes::new(),
            is_all: false,
            is_full: false,
            scratch: vec![0; PIECE],
            taken: 0,
            given: 0,
            limit: limits.body_bytes,
            ratio: limits.body_ratio,
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
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        mut more: impl FnMut(&mut Context<'_>) -> Poll<Result<Option<Bytes>, Refusal>>,
    ) -> Poll<Result<Option<Bytes>, Refusal>> {
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
                let end = if self.engine.is_whole() { Ok(None) } else { Err(Refusal::BodyCut(self.coding.name())) };
                return Poll::Ready(end);
            }
            let coming = more(cx);
            if coming.is_pending() {
                self.turn = None;
            }
            match ready!(coming)? {
                Some(bytes) => self.input = bytes,
                None => self.is_all = true,
            }
        }
    }

    /// Decodes a little, and says how much came out.
    fn step(&mut self) -> Result<usize, Refusal> {
        let some = self.input.get(..STEP).unwrap_or(&self.input);
        let (taken, given) = self.engine.decode(some, &mut self.scratch).map_err(|NotOfCoding| self.malformed())?;
        if self.workspace.is_refused() {
            return Err(Refusal::RequestMemory);
        }
        if taken == 0 && given == 0 && !some.is_empty() {
            return Err(self.malformed());
        }
        self.input.advance(taken);
        (self.taken, self.given) = (self.taken + taken, self.given + given);
        self.is_full = given == PIECE;
        if self.given > self.limit || self.taken > self.limit {
            return Err(Refusal::BodyTooLarge(self.limit));
        }
        if self.given > ANY_RATIO && self.given / self.ratio > self.taken {
            return Err(Refusal::BodyInflated(self.ratio));
        }
        Ok(given)
    }

    /// A body that begins as something else is of another type than it says; one that breaks later is broken. A decoder that
    /// was refused memory breaks off as well.
    fn malformed(&self) -> Refusal {
        if self.workspace.is_refused() {
            Refusal::RequestMemory
        } else if self.given == 0 {
            Refusal::Mislabelled(self.coding.name())
        } else {
            Refusal::BodyBroken
        }
    }
}

impl std::fmt::Debug for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoding").field("coding", &self.coding).field("given", &self.given).finish_non_exhaustive()
    }
}
