//! What was seen of the choices of a stream: how many blocks they have, and which call is which.

use crate::canon::{BlockPlace, BlockStart, ChatEvent};

/// What was seen of all choices.
#[derive(Debug, Default)]
pub(super) struct SeenChoices(Vec<SeenChoice>);

#[derive(Debug)]
struct SeenChoice {
    index: u32,
    /// The number of its next block.
    next: u32,
    /// The number of its next call.
    calls: u64,
    /// Calls that are open, by their numbers.
    open: Vec<(u32, u64)>,
    stopped: bool,
}

impl SeenChoices {
    /// Takes note of an event, before anything is made of it.
    pub(super) fn see(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Open(place, start) => {
                let choice = self.choice(place.choice);
                choice.next = choice.next.max(place.block.saturating_add(1));
                if matches!(start, BlockStart::ToolUse { .. }) {
                    choice.open.push((place.block, choice.calls));
                    choice.calls += 1;
                }
            }
            ChatEvent::Stop { choice, .. } => self.choice(*choice).stopped = true,
            _ => {}
        }
    }

    /// Forgets a block that is complete.
    pub(super) fn close(&mut self, place: BlockPlace) {
        self.choice(place.choice).open.retain(|(block, _)| *block != place.block);
    }

    /// The number of the call that is open in this place, among the calls of its choice.
    pub(super) fn call(&self, place: BlockPlace) -> Option<u64> {
        let choice = self.0.iter().find(|choice| choice.index == place.choice)?;
        choice.open.iter().find(|(block, _)| *block == place.block).map(|(_, number)| *number)
    }

    /// A place for a block of this choice that nobody has.
    pub(super) fn place(&mut self, choice: u32) -> BlockPlace {
        let seen = self.choice(choice);
        seen.next = seen.next.saturating_add(1);
        BlockPlace { choice, block: seen.next.saturating_sub(1) }
    }

    /// Those that have not ended.
    pub(super) fn unended(&self) -> Vec<u32> {
        self.0.iter().filter(|choice| !choice.stopped).map(|choice| choice.index).collect()
    }

    fn choice(&mut self, index: u32) -> &mut SeenChoice {
        let at = self.0.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            self.0.push(SeenChoice { index, next: 0, calls: 0, open: Vec::new(), stopped: false });
            self.0.len() - 1
        });
        #[allow(clippy::indexing_slicing)] // it was found there, or has just been put there
        &mut self.0[at]
    }
}
