//! Choices of which a plugin has changed the text. What `logprobs` say of it, in whatever event, is what it was before.

use super::item::Item;
use std::collections::BTreeSet;

/// Of more choices than this nobody remembers which they are: then it is all of them.
const MOST: usize = 1024;

/// The choices of one stream whose text one plugin has changed.
#[derive(Debug, Default)]
pub(super) struct ChangedChoices {
    choices: BTreeSet<u32>,
}

impl ChangedChoices {
    /// Takes note that the text of a choice goes out otherwise than it came.
    pub(super) fn note(&mut self, choice: Option<u32>) {
        if self.choices.len() <= MOST {
            self.choices.extend(choice);
        }
    }

    /// An event as it may go out behind what was changed.
    pub(super) fn behind(&self, item: Item) -> Item {
        let is_of = |choice: u32| self.choices.len() > MOST || self.choices.contains(&choice);
        if self.choices.is_empty() || !item.choice().is_some_and(is_of) {
            return item;
        }
        item.without_tokens()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
