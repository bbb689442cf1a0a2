//! What a reader of a stream was handed and has not given out yet.

use bytes::{Buf, Bytes, BytesMut};

/// The chunk that came last, and in front of it the start of a piece that began in an earlier one. A piece that lies within
/// one chunk is given out as a slice of it; only one that crosses a border is copied.
#[derive(Debug, Default)]
pub(crate) struct HeldBytes {
    begun: BytesMut,
    chunk: Bytes,
}

impl HeldBytes {
    /// Takes the next bytes of the stream. What is left of the chunk before is copied in front of them.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.chunk.len().saturating_add(chunk.len()));
            joined.extend_from_slice(&self.chunk);
            joined.extend_from_slice(&chunk);
            self.chunk = joined.freeze();
        }
    }

    /// What of the chunk was not looked at.
    pub(crate) fn chunk(&self) -> &[u8] {
        &self.chunk
    }

    /// The start of a piece that the chunk goes on with; empty if the chunk begins with one.
    pub(crate) fn begun(&self) -> &[u8] {
        &self.begun
    }

    /// How many bytes are held, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.begun.len().saturating_add(self.chunk.len())
    }

    /// How many bytes there is memory for in front of the chunk.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.begun.capacity()
    }

    /// Drops `length` bytes from the front of the chunk, or all of it.
    pub(crate) fn skip(&mut self, length: usize) {
        self.chunk.advance(length.min(self.chunk.len()));
    }

    /// Moves `length` bytes of the chunk, or all of it, to the piece that has begun, which needs `room` bytes in all as far
    /// as is known.
    pub(crate) fn keep(&mut self, length: usize, room: usize) {
        let part = self.chunk.split_to(length.min(self.chunk.len()));
        self.begun.reserve(room.saturating_sub(self.begun.len()).max(part.len()));
        self.begun.extend_from_slice(&part);
    }

    /// The piece that ends `length` bytes into the chunk, or with it.
    pub(crate) fn take(&mut self, length: usize) -> Bytes {
        let part = self.chunk.split_to(length.min(self.chunk.len()));
        if self.begun.is_empty() {
            return part;
        }
        self.begun.extend_from_slice(&part);
        self.begun.split().freeze()
    }

    /// Lets go of everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
