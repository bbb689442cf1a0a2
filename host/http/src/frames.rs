//! The frames of an HTTP/2 connection (RFC 9113 section 4.1), of which only the heads are read: enough to tell a client
//! that asks for something from one that only keeps the gateway busy.

mod flood;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use flood::{Flood, FloodGuard};

/// Bytes of a frame's head.
const HEAD: usize = 9;

/// Types of frames (RFC 9113 section 6).
pub mod kind {
    /// `DATA`.
    pub const DATA: u8 = 0;
    /// `HEADERS`.
    pub const HEADERS: u8 = 1;
    /// `SETTINGS`.
    pub const SETTINGS: u8 = 4;
    /// `PING`.
    pub const PING: u8 = 6;
    /// `GOAWAY`.
    pub const GOAWAY: u8 = 7;
    /// `WINDOW_UPDATE`.
    pub const WINDOW_UPDATE: u8 = 8;
}

/// The flag of `SETTINGS` and `PING` that says that they answer one.
const ACK: u8 = 1;
/// The flag of `DATA` that says that its first byte is the length of the padding at its end.
const PADDED: u8 = 8;

/// A frame, as its head tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its type, one of [`kind`] or any other.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream that it belongs to; 0 is the connection.
    pub stream: u32,
    /// Bytes behind the head.
    pub length: u32,
    /// Bytes behind the head that are no padding; told apart for `DATA` only.
    pub data: u32,
}

impl Frame {
    /// Whether it answers one of the other side (`SETTINGS`, `PING`).
    #[must_use]
    pub fn is_ack(&self) -> bool {
        matches!(self.kind, kind::SETTINGS | kind::PING) && self.flags & ACK != 0
    }
}

/// Reads the frames of one direction of a connection as its bytes go by.
#[derive(Debug, Default)]
pub struct FrameReader {
    head: [u8; HEAD],
    /// How much of a head is here.
    have: usize,
    /// What is still to come of the frame's payload.
    left: u32,
    /// A padded frame whose first byte has not come.
    padded: Option<Frame>,
}

impl FrameReader {
    /// Tells `each` of every frame of which these bytes, which follow the ones before, complete the head.
    pub fn read(&mut self, mut bytes: &[u8], mut each: impl FnMut(&Frame)) {
        loop {
            if let Some((&padding, _)) = bytes.split_first()
                && let Some(mut frame) = self.padded.take()
            {
                frame.data = frame.length.saturating_sub(1).saturating_sub(u32::from(padding));
                each(&frame);
            }
            let payload = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left = self.left.saturating_sub(u32::try_from(payload).unwrap_or(u32::MAX));
            bytes = bytes.get(payload..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            debug_assert!(self.left == 0 && self.have < HEAD && self.padded.is_none(), "a head comes next");
            let (room, new) = (self.head.get_mut(self.have..).unwrap_or_default(), bytes.len());
            let taken = room.len().min(new);
            room.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
            self.have = self.have.saturating_add(taken);
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.have == HEAD {
                self.have = 0;
                let frame = parse(self.head);
                self.left = frame.length;
                if frame.kind == kind::DATA && frame.flags & PADDED != 0 && frame.length > 0 {
                    self.padded = Some(frame);
                } else {
                    each(&frame);
                }
            }
        }
    }

    /// Whether the bytes so far end where a frame ends.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0
    }
}

fn parse(head: [u8; HEAD]) -> Frame {
    let [a, b, c, kind, flags, stream @ ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]);
    let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
    Frame { kind, flags, stream, length, data: length }
}

/// A `GOAWAY` (RFC 9113 section 6.8) that asks a client for calm (`ENHANCE_YOUR_CALM`, section 7). Streams up to `last`
/// may have been looked at.
#[must_use]
pub fn go_away_for_calm(last: u32) -> [u8; 17] {
    let [a, b, c, d] = last.to_be_bytes();
    [0, 0, 8, kind::GOAWAY, 0, 0, 0, 0, 0, a, b, c, d, 0, 0, 0, 0x0b]
}
