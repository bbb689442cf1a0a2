//! What a peer has not taken yet of a message.

use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

/// The rest of a message. The default is nothing: all of it has gone out, but perhaps was not flushed.
#[derive(Debug, Default)]
pub struct PendingWrite {
    head: Bytes,
    body: Bytes,
}

impl PendingWrite {
    /// What is left of a message of which `written` bytes went out; nothing, if all of it did.
    #[must_use]
    pub fn behind(head: &[u8], mut body: Bytes, written: usize) -> Option<Self> {
        if written == head.len().saturating_add(body.len()) {
            return None;
        }
        let head_left = head.get(written..).map_or_else(Bytes::new, Bytes::copy_from_slice);
        body.advance(written.saturating_sub(head.len()).min(body.len()));
        Some(Self { head: head_left, body })
    }

    /// Whether all of it has gone out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.body.is_empty()
    }

    /// What is to be written next, for a vectored write.
    #[must_use]
    pub fn slices(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.head), IoSlice::new(&self.body)]
    }

    /// So many bytes more of it went out.
    pub fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len());
        self.head.advance(of_head);
        self.body.advance(written.saturating_sub(of_head).min(self.body.len()));
    }
}

#[cfg(test)]
mod tests;
