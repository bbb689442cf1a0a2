//! What is open in a stream that is read.

use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, DecodeFault, JsonText};

/// The most items that may be open at once, and the most parts of one.
pub(super) const MOST_OPEN: usize = 256;

/// Items that were begun and are not complete.
#[derive(Debug, Default)]
pub(super) struct OpenItems {
    items: Vec<OpenItem>,
    /// The number of the next block.
    next: u32,
}

/// An item that was begun.
#[derive(Debug)]
pub(super) struct OpenItem {
    /// Its `output_index`, which is all that is the same in each of its events.
    index: u64,
    /// What the events of it are.
    pub(super) kind: OpenItemKind,
    /// Parts of a message; of others one, once there is something of it.
    parts: Vec<OpenPart>,
    /// How many parts of its summary were begun.
    pub(super) summaries: u64,
    /// How many of the texts of what the model thought were begun.
    pub(super) thoughts: u64,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OpenItemKind {
    /// A message.
    Message,
    /// A call of the client's tool.
    Call,
    /// What the model thought, by its identifier.
    Reasoning(Option<JsonText>),
    /// Anything else, which is told when it is complete.
    Whole,
}

/// A block of an item.
#[derive(Debug, Clone)]
pub(super) struct OpenPart {
    /// Its `content_index`.
    index: u64,
    block: u32,
    is_open: bool,
    /// Something was said.
    pub(super) said: bool,
    /// How many annotations were told.
    pub(super) notes: usize,
    /// Probabilities were told.
    pub(super) probable: bool,
}

impl OpenItems {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The item of this number.
    pub(super) fn get(&mut self, index: u64) -> Option<&mut OpenItem> {
        self.items.iter_mut().find(|item| item.index == index)
    }

    /// Begins an item in the place of an older one of its number, if there is one.
    pub(super) fn begin(
        &mut self,
        index: u64,
        kind: OpenItemKind,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        self.end(index, out);
        if self.items.len() >= MOST_OPEN {
            return Err(DecodeFault::TooMany { what: "items at once", most: MOST_OPEN });
        }
        self.items.push(OpenItem { index, kind, parts: Vec::new(), summaries: 0, thoughts: 0 });
        Ok(())
    }

    /// Takes an item away, its blocks closed. Says whether there was one.
    pub(super) fn end(&mut self, index: u64, out: &mut Vec<ChatEvent>) -> bool {
        let Some(at) = self.items.iter().position(|item| item.index == index) else { return false };
        for part in self.items.remove(at).parts.iter().filter(|part| part.is_open) {
            out.push(ChatEvent::Close(place(part.block)));
        }
        true
    }

    /// Takes all away.
    pub(super) fn end_all(&mut self, out: &mut Vec<ChatEvent>) {
        while let Some(index) = self.items.first().map(|item| item.index) {
            self.end(index, out);
        }
    }

    /// The block of a part, if it is known.
    pub(super) fn part(&mut self, index: u64, content: u64) -> Option<&mut OpenPart> {
        self.get(index)?.parts.iter_mut().find(|part| part.index == content)
    }

    /// Opens the block of a part. What else is open is closed, but for calls beside a call.
    pub(super) fn open(
        &mut self,
        index: u64,
        content: u64,
        start: BlockStart,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        let is_call = matches!(start, BlockStart::ToolUse { .. });
        for item in self.items.iter_mut().filter(|item| !is_call || item.kind != OpenItemKind::Call) {
            for part in item.parts.iter_mut().filter(|part| part.is_open) {
                part.is_open = false;
                out.push(ChatEvent::Close(place(part.block)));
            }
        }
        let block = self.next;
        let Some(item) = self.get(index) else { return Ok(()) };
        let known = item.parts.len();
        match item.parts.iter_mut().find(|part| part.index == content) {
            Some(part) => (part.block, part.is_open) = (block, true),
            None if known >= MOST_OPEN => {
                return Err(DecodeFault::TooMany { what: "parts of an item", most: MOST_OPEN });
            }
            None => item.parts.push(OpenPart {
                index: content,
                block,
                is_open: true,
                said: false,
                notes: 0,
                probable: false,
            }),
        }
        self.next = self.next.saturating_add(1);
        out.push(ChatEvent::Open(place(block), start));
        Ok(())
    }

    /// A block that is whole as it opens.
    pub(super) fn whole(&mut self, index: u64, start: BlockStart, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        self.open(index, 0, start, out)?;
        self.end(index, out);
        Ok(())
    }
}

impl OpenPart {
    /// Whether its block is open.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// A step of its block.
    pub(super) fn grow(&self, delta: BlockDelta, out: &mut Vec<ChatEvent>) {
        out.push(ChatEvent::Delta(place(self.block), delta));
    }
}

fn place(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}
