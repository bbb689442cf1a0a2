//! Blocks that wait until the one that is being written is complete.

use std::collections::VecDeque;

use crate::canon::{BlockDelta, BlockPlace, ChatEvent};

/// What an event takes beside its text.
const EVENT: usize = 64;

/// Events of blocks that wait for their turn, block by block in the order in which they opened.
#[derive(Debug, Default)]
pub(super) struct WaitingBlocks {
    blocks: VecDeque<WaitingBlock>,
    bytes: usize,
}

#[derive(Debug)]
struct WaitingBlock {
    place: BlockPlace,
    events: Vec<ChatEvent>,
    bytes: usize,
}

impl WaitingBlocks {
    /// Keeps an event of a block that waits, or that begins to; one of a block that does neither is forgotten.
    pub(super) fn keep(&mut self, place: BlockPlace, event: ChatEvent) {
        let bytes = EVENT + size(&event);
        let known = match self.blocks.iter().rposition(|block| block.place == place) {
            Some(at) => self.blocks.get_mut(at),
            None if matches!(event, ChatEvent::Open(..)) => {
                self.blocks.push_back(WaitingBlock { place, events: Vec::new(), bytes: 0 });
                self.blocks.back_mut()
            }
            None => None,
        };
        if let Some(block) = known {
            block.events.push(event);
            block.bytes += bytes;
            self.bytes += bytes;
        }
    }

    /// The events of the block whose turn it is.
    pub(super) fn next(&mut self) -> Option<Vec<ChatEvent>> {
        let block = self.blocks.pop_front()?;
        self.bytes -= block.bytes;
        Some(block.events)
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn size(event: &ChatEvent) -> usize {
    let ChatEvent::Delta(_, delta) = event else { return 0 };
    match delta {
        BlockDelta::Text(text)
        | BlockDelta::Refusal(text)
        | BlockDelta::Reasoning(text)
        | BlockDelta::Summary(text, _)
        | BlockDelta::Input(text) => text.token().len(),
        BlockDelta::WholeInput(raw) | BlockDelta::Logprobs(raw) | BlockDelta::Other(raw) => raw.bytes().len(),
        BlockDelta::Signature(signature) => signature.value.token().len(),
        BlockDelta::Citation(note) => note.raw.bytes().len(),
    }
}
