//! Cuts a byte stream into messages, whatever way it was split.

use bytes::Bytes;

use super::error::EventMessageError;
use super::message::{EventMessage, MessageLengths, PRELUDE};
use crate::held::HeldBytes;

/// Room is made for so many bytes of a message before they come; for more only as they come, whatever it says of itself.
const ROOM: usize = 4 * 1024;

/// Reads messages from chunks. Holds at most one unfinished message of at most `max_message` bytes, and the chunk pushed last.
///
/// A message that lies within one chunk is a slice of it; only one that crosses a border is copied. What a message says of
/// its length is believed once its checksum holds, and refused there and then if it is too long.
#[derive(Debug)]
pub struct EventMessageReader {
    limit: usize,
    held: HeldBytes,
    failed: Option<EventMessageError>,
}

impl EventMessageReader {
    /// A reader that refuses messages of more than `max_message` bytes, lengths and checksums included.
    pub fn new(max_message: usize) -> Self {
        Self { limit: max_message, held: HeldBytes::default(), failed: None }
    }

    /// Hands over the next bytes of the stream. Call [`next`](Self::next) until it answers none before pushing again;
    /// otherwise what is left of the chunk before is copied.
    pub fn push(&mut self, chunk: Bytes) {
        if self.failed.is_none() {
            self.held.push(chunk);
        }
    }

    /// The next whole message; none until more bytes are pushed.
    ///
    /// # Errors
    /// [`EventMessageError`], then and ever after.
    #[allow(clippy::should_implement_trait)] // an iterator that ends is not over here
    pub fn next(&mut self) -> Result<Option<EventMessage>, EventMessageError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read().map_err(|error| self.fail(error))
    }

    /// To be called at the end of the stream until it answers none: the messages that are left.
    ///
    /// # Errors
    /// [`EventMessageError::Cut`] if a part of a message is left; otherwise as [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<EventMessage>, EventMessageError> {
        match self.next()? {
            None if self.held.len() > 0 => Err(self.fail(EventMessageError::Cut)),
            message => Ok(message),
        }
    }

    /// How many bytes are held that no message has been made of.
    pub fn buffered(&self) -> usize {
        self.held.len()
    }

    /// How many bytes there is memory for in front of the chunk.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.held.room()
    }

    fn read(&mut self) -> Result<Option<EventMessage>, EventMessageError> {
        loop {
            let begun = self.held.begun().len();
            let there = if begun == 0 { self.held.chunk() } else { self.held.begun() };
            let lengths = MessageLengths::read(there, self.limit)?;
            if let Some(lengths) = lengths
                && there.len() >= lengths.total
            {
                let raw = self.held.take(if begun == 0 { lengths.total } else { 0 });
                return EventMessage::read(raw, lengths).map(Some);
            }
            if self.held.chunk().is_empty() {
                return Ok(None);
            }
            // No byte of the message behind it is taken.
            let wanted = lengths.map_or(PRELUDE, |lengths| lengths.total);
            self.held.keep(wanted.saturating_sub(begun), wanted.min(ROOM));
            debug_assert!(self.held.begun().len() <= self.limit.max(PRELUDE), "no more is held than one may have");
        }
    }

    fn fail(&mut self, error: EventMessageError) -> EventMessageError {
        self.failed = Some(error);
        self.held.clear();
        error
    }
}
