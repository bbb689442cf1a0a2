//! What a client asks while it is being answered. It is read whatever it is, for a client that has left is noticed by its
//! end of the connection alone, and that lies behind everything that it has sent.

use std::sync::atomic::Ordering;
use weir_net::ByteShare;

use crate::shared::ConnShared;

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
    /// Whether so much may be kept in all, where all clients together may have `limit` bytes. What may not is gone, and so is
    /// what comes behind it.
    pub(super) fn may_keep(&mut self, length: usize, limit: usize, shared: &ConnShared) -> bool {
        if !self.overrun && (length > MOST || length > KEPT && !self.has_room_for(length, limit, shared)) {
            self.overrun = true;
            shared.counters.overrun.fetch_add(1, Ordering::Relaxed);
        }
        !self.overrun
    }

    /// What grows piece by piece may take twice of what it holds.
    fn has_room_for(&mut self, length: usize, limit: usize, shared: &ConnShared) -> bool {
        let share = self.share.get_or_insert_with(|| shared.read_ahead.share());
        share.grow_to(2 * length, limit)
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
