//! What an HTTP/2 client may send that brings no request.
//!
//! The protocol lets a client send frames without end that ask for nothing and that must be read and answered: `SETTINGS`,
//! `PING`, `PRIORITY`, `WINDOW_UPDATE`, `DATA` without data, fields of a head that never ends. Each has its valid uses,
//! and those are of two kinds. What answers something that was sent to it (room for data, acknowledgements) is valid in
//! proportion to that. Of all else a client may send a bounded number, which requests fill up again unless they are taken
//! back before they were answered, and time does so slowly.

use std::time::{Duration, Instant};

use super::{Frame, kind};

/// A request that begins makes up for such a part of what may be spent.
const FOR_A_REQUEST: u32 = 10;
/// A second makes up for such a part of what may be spent.
const FOR_A_SECOND: u32 = 100;
/// Answers to a frame of data: a window for the stream and one for the connection.
const FOR_DATA: u64 = 2;
/// As many more for each so many bytes, for clients that read piece by piece.
const PIECE: u32 = 512;
/// One entry of `SETTINGS` has so many bytes; so many of them cost as much as a frame.
const SETTINGS: u32 = 6 * 10;

/// The client has sent too much that brings no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many frames that bring no request")]
pub struct Flood;

/// The account of one connection.
#[derive(Debug)]
pub struct FloodGuard {
    most: u32,
    /// So many frames that bring no request may still come.
    spare: u32,
    /// So many answers may still come to what was sent.
    owed: u64,
    /// When time was last counted in its favour.
    since: Instant,
}

impl FloodGuard {
    /// An account, opened `now`, for up to `most` frames at once that bring no request.
    #[must_use]
    pub fn new(most: u32, now: Instant) -> Self {
        Self { most, spare: most, owed: 0, since: now }
    }

    /// The client has sent a frame.
    ///
    /// # Errors
    /// [`Flood`]: it was one too many. `now` is asked for only when nothing else is left.
    pub fn received(&mut self, frame: &Frame, now: impl FnOnce() -> Instant) -> Result<(), Flood> {
        let is_answer = frame.is_ack() || matches!(frame.kind, kind::PING | kind::WINDOW_UPDATE);
        let cost = match frame.kind {
            kind::DATA if frame.data > 0 => return Ok(()),
            _ if is_answer && self.owed > 0 => {
                self.owed -= 1;
                return Ok(());
            }
            kind::SETTINGS => (frame.length / SETTINGS).saturating_add(1),
            _ => 1,
        };
        if self.spare < cost {
            self.count_time(now());
        }
        self.spare = self.spare.checked_sub(cost).ok_or(Flood)?;
        Ok(())
    }

    /// The client was sent a frame.
    pub fn sent(&mut self, frame: &Frame) {
        let answers = match frame.kind {
            kind::DATA => FOR_DATA * (1 + u64::from(frame.length / PIECE)),
            kind::PING | kind::SETTINGS if !frame.is_ack() => 1,
            _ => return,
        };
        self.owed = self.owed.saturating_add(answers);
    }

    /// A request has begun. Answers what it makes up for.
    pub fn request(&mut self) -> u32 {
        self.fill(self.most / FOR_A_REQUEST + 1)
    }

    /// A request was taken back before there was an answer: it has made up for nothing.
    pub fn taken_back(&mut self, made_up: u32) {
        self.spare = self.spare.saturating_sub(made_up);
    }

    /// Counts the whole seconds that have gone by.
    fn count_time(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        self.since = self.since.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        self.fill((self.most / FOR_A_SECOND + 1).saturating_mul(seconds));
    }

    fn fill(&mut self, by: u32) -> u32 {
        let by = by.min(self.most.saturating_sub(self.spare));
        self.spare = self.spare.saturating_add(by);
        debug_assert!(self.spare <= self.most, "what may be spent is never more than at the beginning");
        by
    }
}
