//! Blocks of a stream that has one choice and says one thing at a time, as they open, grow and close.

use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, JsonText};

/// The blocks of the one choice of a stream.
#[derive(Debug, Default)]
pub struct OneChoice {
    /// The number of the next block.
    next: u32,
    /// The block that is open and no call.
    open: Option<(SaidAs, u32)>,
}

/// What a block that is no call says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidAs {
    /// Text.
    Text,
    /// What the model thinks.
    Thoughts,
}

impl OneChoice {
    /// Says a text; empty ones say nothing. What is open and of another kind closes.
    pub fn say(&mut self, kind: SaidAs, text: JsonText, out: &mut Vec<ChatEvent>) {
        if text.is_empty() {
            return;
        }
        let block = self.opened(kind, out);
        Self::grow(
            block,
            match kind {
                SaidAs::Text => BlockDelta::Text(text),
                SaidAs::Thoughts => BlockDelta::Reasoning(text),
            },
            out,
        );
    }

    /// The number of the open text; none if there is none.
    #[must_use]
    pub fn text(&self) -> Option<u32> {
        self.open.filter(|(kind, _)| *kind == SaidAs::Text).map(|(_, block)| block)
    }

    /// Opens a call; what is open and none closes.
    pub fn call(&mut self, id: Option<JsonText>, name: JsonText, out: &mut Vec<ChatEvent>) -> u32 {
        self.close(out);
        self.start(BlockStart::ToolUse { id, item: None, name, custom: false }, out)
    }

    /// A block grows.
    pub fn grow(block: u32, delta: BlockDelta, out: &mut Vec<ChatEvent>) {
        out.push(ChatEvent::Delta(BlockPlace { choice: 0, block }, delta));
    }

    /// A call is complete.
    pub fn close_call(block: u32, out: &mut Vec<ChatEvent>) {
        out.push(ChatEvent::Close(BlockPlace { choice: 0, block }));
    }

    /// Closes what is open and no call.
    pub fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some((_, block)) = self.open.take() {
            out.push(ChatEvent::Close(BlockPlace { choice: 0, block }));
        }
    }

    fn opened(&mut self, kind: SaidAs, out: &mut Vec<ChatEvent>) -> u32 {
        if let Some((_, block)) = self.open.filter(|(open, _)| *open == kind) {
            return block;
        }
        self.close(out);
        let block = self.start(
            match kind {
                SaidAs::Text => BlockStart::Text,
                SaidAs::Thoughts => BlockStart::Reasoning { id: None },
            },
            out,
        );
        self.open = Some((kind, block));
        block
    }

    fn start(&mut self, start: BlockStart, out: &mut Vec<ChatEvent>) -> u32 {
        let block = self.next;
        self.next = self.next.saturating_add(1);
        out.push(ChatEvent::Open(BlockPlace { choice: 0, block }, start));
        block
    }
}
