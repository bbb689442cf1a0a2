//! What a client asks while it is being answered. It is read whatever it is, for a client that has left is noticed by its
//! end of the connection alone, and that lies behind everything that it has sent.

use crate::gate::ByteShare;
use crate::worker::Worker;
use std::sync::atomic::Ordering;

/// So much is kept of anybody's.
const KEPT: usize = 16 * 1024;
/// So much is kept if there is room in the memory for bodies. What is sent further ahead is thrown away, and the connection
/// ends with the answer at hand: the client asks the rest again (RFC 9112 section 9.3.2).
const MOST: usize = 1024 * 1024;

/// How far ahead a client is.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// What is kept, where it is more than [`KEPT`].
    share: Option<ByteShare>,
    overrun: bool,
}

impl Ahead {
    /// Whether so much may be kept in all. What may not is gone, and so is what comes behind it.
    pub(super) fn may_keep(&mut self, length: usize, worker: &Worker) -> bool {
        if !self.overrun && (length > MOST || length > KEPT && !self.has_room_for(length, worker)) {
            self.overrun = true;
            worker.shared.stats.overrun.fetch_add(1, Ordering::Relaxed);
        }
        !self.overrun
    }

    /// What grows piece by piece may take twice of what it holds.
    fn has_room_for(&mut self, length: usize, worker: &Worker) -> bool {
        let room = worker.held().snapshot.config.limits.request_memory;
        let share = self.share.get_or_insert_with(|| worker.shared.request_memory.share());
        share.grow_to(2 * length, room)
    }

    /// Whether some of what the client has sent is gone, so that the rest means nothing.
    pub(super) fn is_overrun(&self) -> bool {
        self.overrun
    }

    /// Nothing is kept any more.
    pub(super) fn give_back(&mut self) {
        self.share = None;
    }
}
