//! Blocks of a stream that are open, and the numbers that they have.

use crate::canon::{BlockPlace, BlockStart, ChatEvent, DecodeFault};

/// The most blocks that are open at once. Bedrock opens one at a time.
pub(crate) const MOST_OPEN: usize = 64;

/// What an open block is, as far as its deltas must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenKind {
    Text,
    Reasoning,
    ToolUse,
    /// A tool that runs at Amazon, or anything else.
    Else,
}

#[derive(Debug)]
struct OpenBlock {
    /// `contentBlockIndex`.
    index: u64,
    kind: OpenKind,
    place: BlockPlace,
}

/// Blocks that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenBlocks {
    open: Vec<OpenBlock>,
    next: u32,
}

impl OpenBlocks {
    /// The block of this index, if it is open.
    pub(crate) fn find(&self, index: u64) -> Option<(BlockPlace, OpenKind)> {
        self.open.iter().find(|block| block.index == index).map(|block| (block.place, block.kind))
    }

    /// The block of this index and kind; if another is open there it is closed, and this one opened.
    pub(crate) fn ensure(
        &mut self,
        index: u64,
        kind: OpenKind,
        start: impl FnOnce() -> BlockStart,
        out: &mut Vec<ChatEvent>,
    ) -> Result<BlockPlace, DecodeFault> {
        match self.find(index) {
            Some((place, open)) if open == kind => Ok(place),
            _ => self.open(index, kind, start(), out),
        }
    }

    /// Opens a block. What is open is closed first, unless both are calls of tools.
    pub(crate) fn open(
        &mut self,
        index: u64,
        kind: OpenKind,
        start: BlockStart,
        out: &mut Vec<ChatEvent>,
    ) -> Result<BlockPlace, DecodeFault> {
        self.open.retain(|block| {
            let stays = block.kind == OpenKind::ToolUse && kind == OpenKind::ToolUse && block.index != index;
            if !stays {
                out.push(ChatEvent::Close(block.place));
            }
            stays
        });
        if self.open.len() >= MOST_OPEN {
            return Err(DecodeFault::TooMany { what: "open blocks", most: MOST_OPEN });
        }
        let place = BlockPlace { choice: 0, block: self.next };
        self.next = self.next.saturating_add(1);
        self.open.push(OpenBlock { index, kind, place });
        out.push(ChatEvent::Open(place, start));
        Ok(place)
    }

    /// Closes the block of this index, if it is open.
    pub(crate) fn close(&mut self, index: u64, out: &mut Vec<ChatEvent>) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            out.push(ChatEvent::Close(self.open.remove(at).place));
        }
    }

    /// Closes all of them.
    pub(crate) fn close_all(&mut self, out: &mut Vec<ChatEvent>) {
        out.extend(self.open.drain(..).map(|block| ChatEvent::Close(block.place)));
    }
}
