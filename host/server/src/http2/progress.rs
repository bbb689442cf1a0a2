//! How far an HTTP/2 client has got with what was written to it.
//!
//! What a client owes for a byte (a window, the answer to a `PING`, taking the next byte of the same stream) it can give once
//! it has that byte, and before it there may be megabytes in the kernel's hands. So whatever waits for the client waits
//! behind a place in what is written, and its time begins when the client has got there.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Bytes of a frame's head.
const HEAD: u64 = 9;
/// The largest frame, unless the client wants larger ones (RFC 9113 section 4.2).
const FRAME: u32 = 16 << 10;

/// What was written to a connection, and how much of it was taken, at the latest look.
#[derive(Debug)]
pub(crate) struct Outgoing {
    written: Cell<u64>,
    taken: Cell<u64>,
    /// The largest frame so far.
    frame: Cell<u32>,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { written: Cell::new(0), taken: Cell::new(0), frame: Cell::new(FRAME) }
    }
}

impl Outgoing {
    /// So much was written, of frames of which none was larger than that.
    pub(crate) fn wrote(&self, bytes: usize, largest: u32) {
        self.written.set(self.written.get().saturating_add(bytes as u64));
        self.frame.set(self.frame.get().max(largest));
    }

    /// Where the client has got when each of so many streams has had its turn, if it can have one: they take turns by frames.
    pub(crate) fn behind(&self, streams: usize) -> u64 {
        let turn = HEAD.saturating_add(u64::from(self.frame.get()));
        self.written.get().saturating_add(turn.saturating_mul(streams as u64))
    }

    /// A look: so many of the bytes are untaken, if that is known, and more can be written now or not.
    pub(crate) fn look(&self, untaken: Option<u64>, is_full: bool) -> TakenLook {
        let before = self.taken.get();
        if let Some(untaken) = untaken {
            self.taken.set(self.written.get().saturating_sub(untaken).max(before));
        }
        TakenLook { before, taken: self.taken.get(), has_all: untaken == Some(0) && !is_full }
    }
}

/// What came of a look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakenLook {
    before: u64,
    taken: u64,
    /// The client has taken everything, and more would be written if there were any.
    has_all: bool,
}

impl TakenLook {
    /// Whether the client has taken something since the look before, and something else is still on its way.
    pub(crate) fn goes_on(&self) -> bool {
        self.taken > self.before && !self.has_all
    }
}

/// Something that waits for the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    since: Instant,
    behind: u64,
}

impl Wait {
    /// It waits from now on, and no earlier than the client has got to this place.
    pub(crate) fn new(now: Instant, behind: u64) -> Self {
        Self { since: now, behind }
    }

    /// After a look: whether it has waited for so long.
    pub(crate) fn has_lasted(&mut self, longest: Duration, now: Instant, look: &TakenLook) -> bool {
        if look.taken > look.before && look.before < self.behind {
            self.since = now;
        }
        if look.has_all {
            self.behind = 0;
        }
        now.saturating_duration_since(self.since) >= longest
    }
}

#[cfg(test)]
mod tests;
