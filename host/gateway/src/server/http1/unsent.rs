//! What a client has not taken yet of an answer.

use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

/// The rest of an answer, and never nothing until it is written.
#[derive(Debug)]
pub(super) struct PendingWrite {
    head: Bytes,
    body: Bytes,
}

impl PendingWrite {
    /// What is left of an answer of which so much went out.
    pub(super) fn behind(head: &[u8], mut body: Bytes, written: usize) -> Option<Self> {
        if written == head.len() + body.len() {
            return None;
        }
        let head_left = head.get(written..).map_or_else(Bytes::new, Bytes::copy_from_slice);
        body.advance(written.saturating_sub(head.len()).min(body.len()));
        Some(Self { head: head_left, body })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.body.is_empty()
    }

    pub(super) fn slices(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.head), IoSlice::new(&self.body)]
    }

    /// So much more of it went out.
    pub(super) fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len());
        self.head.advance(of_head);
        self.body.advance(written.saturating_sub(of_head).min(self.body.len()));
    }
}
