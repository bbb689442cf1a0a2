//! Blocks of a stream that are open, and the numbers that they have.

use super::kept::{KeptBlock, MOST_KEPT};
use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, DecodeFault, JsonText, RawJson};
use crate::converse::blocks::blobs;
use crate::wire::Vendor;

/// The most blocks that are open at once. Bedrock opens one at a time.
pub(crate) const MOST_OPEN: usize = 64;

/// What an open block is, as far as its deltas must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenKind {
    Text,
    Reasoning,
    ToolUse,
    /// It is kept until it is whole.
    Kept,
}

#[derive(Debug)]
struct OpenBlock {
    /// `contentBlockIndex`.
    index: u64,
    kind: OpenKind,
    /// None as long as it is kept.
    place: Option<BlockPlace>,
    kept: Option<KeptBlock>,
    /// Pieces of a thought that is not shown.
    hidden: Vec<u8>,
}

/// Blocks that are open.
#[derive(Debug)]
pub(crate) struct OpenBlocks {
    /// Whose thoughts they are.
    vendor: Vendor,
    open: Vec<OpenBlock>,
    next: u32,
}

impl OpenBlocks {
    /// None, for a stream of a model of this vendor's.
    pub(crate) fn new(vendor: Vendor) -> Self {
        Self { vendor, open: Vec::new(), next: 0 }
    }

    /// The place of the block of this index and kind; if another is open there it is closed, and this one opened.
    pub(crate) fn ensure(
        &mut self,
        index: u64,
        kind: OpenKind,
        start: impl FnOnce() -> BlockStart,
        out: &mut Vec<ChatEvent>,
    ) -> Result<BlockPlace, DecodeFault> {
        let found = self.open.iter().find(|block| block.index == index && block.kind == kind);
        match found.and_then(|block| block.place) {
            Some(place) => Ok(place),
            None => self.open(index, kind, start(), out),
        }
    }

    /// The place of the block of this index, if it is open and told as it grows.
    pub(crate) fn find(&self, index: u64) -> Option<BlockPlace> {
        self.open.iter().find(|block| block.index == index).and_then(|block| block.place)
    }

    /// Opens a block. What is open is closed first, unless both are calls of tools.
    pub(crate) fn open(
        &mut self,
        index: u64,
        kind: OpenKind,
        start: BlockStart,
        out: &mut Vec<ChatEvent>,
    ) -> Result<BlockPlace, DecodeFault> {
        self.make_room(index, kind, out)?;
        let place = self.place(start, out);
        self.open.push(OpenBlock { index, kind, place: Some(place), kept: None, hidden: Vec::new() });
        Ok(place)
    }

    /// Begins to keep a block.
    pub(crate) fn keep(&mut self, index: u64, block: KeptBlock, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        self.make_room(index, OpenKind::Kept, out)?;
        self.open.push(OpenBlock { index, kind: OpenKind::Kept, place: None, kept: Some(block), hidden: Vec::new() });
        Ok(())
    }

    /// A block grows by this if it is one that is kept; false if not.
    pub(crate) fn grow_kept(&mut self, index: u64, delta: &RawJson) -> Result<bool, DecodeFault> {
        match self.open.iter_mut().find(|block| block.index == index).and_then(|block| block.kept.as_mut()) {
            None => Ok(false),
            Some(kept) => {
                let fits = kept.grow(delta);
                fits.then_some(true).ok_or(DecodeFault::TooMany { what: "bytes of a block", most: MOST_KEPT })
            }
        }
    }

    /// An open thought that is not shown grows; it is told when it is whole.
    pub(crate) fn hide(&mut self, index: u64, piece: &JsonText) -> Result<(), DecodeFault> {
        let due = DecodeFault::Field { field: "delta.reasoningContent.redactedContent", due: "base64" };
        let bytes = blobs::bytes(piece).ok_or(due)?;
        let Some(block) = self.open.iter_mut().find(|block| block.index == index) else { return Ok(()) };
        block.hidden.extend_from_slice(&bytes);
        if block.hidden.len() > MOST_KEPT {
            return Err(DecodeFault::TooMany { what: "bytes of a block", most: MOST_KEPT });
        }
        Ok(())
    }

    /// Closes the block of this index, if it is open.
    pub(crate) fn close(&mut self, index: u64, out: &mut Vec<ChatEvent>) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            let block = self.open.remove(at);
            self.end(block, out);
        }
    }

    /// Closes all of them.
    pub(crate) fn close_all(&mut self, out: &mut Vec<ChatEvent>) {
        for block in std::mem::take(&mut self.open) {
            self.end(block, out);
        }
    }

    fn make_room(&mut self, index: u64, kind: OpenKind, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let stays =
            |block: &OpenBlock| block.kind == OpenKind::ToolUse && kind == OpenKind::ToolUse && block.index != index;
        let (stay, close) = std::mem::take(&mut self.open).into_iter().partition(stays);
        self.open = stay;
        let close: Vec<OpenBlock> = close;
        for block in close {
            self.end(block, out);
        }
        if self.open.len() >= MOST_OPEN {
            return Err(DecodeFault::TooMany { what: "open blocks", most: MOST_OPEN });
        }
        Ok(())
    }

    fn end(&mut self, block: OpenBlock, out: &mut Vec<ChatEvent>) {
        let place = match (block.place, block.kept) {
            (Some(place), _) => place,
            (None, Some(kept)) => self.place(kept.whole(), out),
            (None, None) => return,
        };
        if !block.hidden.is_empty() {
            let signature = blobs::of_bytes(&block.hidden, self.vendor);
            out.push(ChatEvent::Delta(place, BlockDelta::Signature(signature)));
        }
        out.push(ChatEvent::Close(place));
    }

    fn place(&mut self, start: BlockStart, out: &mut Vec<ChatEvent>) -> BlockPlace {
        let place = BlockPlace { choice: 0, block: self.next };
        self.next = self.next.saturating_add(1);
        out.push(ChatEvent::Open(place, start));
        place
    }
}
