//! Blocks of a choice as they open, grow and close.

use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent};

/// A block that is open and no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SaidBlock {
    pub(super) kind: TextKind,
    pub(super) block: u32,
    /// It has its signature: what comes next is another one.
    pub(super) is_signed: bool,
}

/// What kind of block it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Text,
    Refusal,
    Thoughts,
}

/// Where events of a choice go.
pub(super) struct ChoiceSink<'a> {
    pub(super) choice: u32,
    pub(super) open: &'a mut Option<SaidBlock>,
    /// The number of the next block.
    pub(super) next: &'a mut u32,
    pub(super) out: &'a mut Vec<ChatEvent>,
}

impl ChoiceSink<'_> {
    /// Opens the next block.
    pub(super) fn open(&mut self, start: BlockStart) -> u32 {
        let block = *self.next;
        *self.next += 1;
        self.out.push(ChatEvent::Open(self.place(block), start));
        block
    }

    pub(super) fn delta(&mut self, block: u32, delta: BlockDelta) {
        self.out.push(ChatEvent::Delta(self.place(block), delta));
    }

    pub(super) fn close(&mut self, block: u32) {
        self.out.push(ChatEvent::Close(self.place(block)));
    }

    /// Closes the block that is open and no call.
    pub(super) fn close_text(&mut self) {
        if let Some(open) = self.open.take() {
            self.close(open.block);
        }
    }

    fn place(&self, block: u32) -> BlockPlace {
        BlockPlace { choice: self.choice, block }
    }
}
