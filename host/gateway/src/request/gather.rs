//! Bytes that come piece by piece and are wanted as a whole: bounded in number, and what is allocated for them by what has
//! come, never by what was announced.

use bytes::{Bytes, BytesMut};
use weir_net::ByteShare;

/// Bytes that are not worth counting: so few come with the head in one read, or go out behind it in one write, and there
/// are no more of them than requests in flight.
pub(crate) const UNCOUNTED: usize = 16 * 1024;

/// Why no more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The whole would be longer than it may be.
    TooLong,
    /// All of its kind together would be more than may be held.
    NoRoom,
}

/// What has come.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The first piece, which is not copied as long as it is the only one.
    first: Bytes,
    all: BytesMut,
    longest: usize,
    /// How long it is likely to become.
    announced: usize,
    share: ByteShare,
    /// What all shares together may come to.
    room: usize,
}

impl Gathered {
    /// Nothing yet, of which there may be `longest` bytes, and `room` bytes together with all others of its kind.
    pub(crate) fn new(longest: usize, share: ByteShare, room: usize) -> Self {
        Self { first: Bytes::new(), all: BytesMut::new(), longest, announced: longest, share, room }
    }

    /// It is said to become so long, so it needs no more room than that.
    pub(crate) fn announced(self, length: usize) -> Self {
        Self { announced: length, ..self }
    }

    /// The most bytes that there may be.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// What has come so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.first.is_empty() { &self.all } else { &self.first }
    }

    /// The bytes that have come.
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    /// Takes a piece. At most twice of what has come is allocated for it.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), Full> {
        let len = self.len() + piece.len();
        if len > self.longest {
            return Err(Full::TooLong);
        }
        if self.len() == 0 {
            self.count(piece.len())?;
            self.first = piece;
            return Ok(());
        }
        if len > self.all.capacity() {
            let twice = (self.len() * 2).min(self.announced).clamp(len, self.longest);
            // Where there is no room for twice of it, there may be for a little more.
            let little = (len + len / 8).clamp(len, self.longest);
            let room = if self.count(twice).is_ok() { twice } else { little };
            self.count(room)?;
            debug_assert!(room >= len && room <= 2 * len, "at most twice of what has come");
            let mut larger = BytesMut::with_capacity(room);
            larger.extend_from_slice(&std::mem::take(&mut self.first));
            larger.extend_from_slice(&self.all);
            self.all = larger;
        }
        self.all.extend_from_slice(&piece);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes <= UNCOUNTED || self.share.grow_to(bytes, self.room) { Ok(()) } else { Err(Full::NoRoom) }
    }

    /// The whole, and its share of what is held.
    pub(crate) fn finish(self) -> (Bytes, ByteShare) {
        (if self.first.is_empty() { self.all.freeze() } else { self.first }, self.share)
    }
}

#[cfg(test)]
mod tests;
