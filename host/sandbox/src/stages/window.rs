//! Windows: what the host holds back for a plugin that sees only what it is shown.

use super::by_choice::{ByChoice, ChoiceSet};
use super::edits::EventChange;
use super::held::{HeldBounds, HeldEvents, MOST, by_choice};
use super::item::Item;
use weir_config::Window;
use weir_dialect::event::{OpenText, TextStep};

impl HeldEvents {
    /// What of a batch and of what is held is to be shown now. The rest waits for its window to fill, and what has no text
    /// before it passes: a role goes out at once.
    pub(super) fn due(
        &mut self,
        window: Option<Window>,
        bounds: HeldBounds,
        batch: Vec<Item>,
        passed: &mut Vec<Item>,
    ) -> Vec<Item> {
        let mut items = self.take_all();
        items.extend(batch);
        let Some(window) = window else { return items };
        // What waits is bounded as a plugin's own holding is, so a window that would grow past that is shown as it is.
        let full = bytes(&items) > bounds.events || items.len() > MOST;
        let size = window.size.min(bounds.text);
        let of_choices = by_choice(items.iter());
        let is_due =
            |choice| of_choices.get(choice).is_some_and(|of| full || of.fresh >= size || of.fresh > 0 && of.is_over());
        let (mut shown, mut waiting) = (Vec::with_capacity(items.len()), ChoiceSet::default());
        for item in items {
            match item.choice() {
                None => shown.push(item),
                Some(choice) if is_due(choice) => shown.push(item),
                Some(choice) if item.is_new_without_text() && !waiting.has(choice) => passed.push(item),
                Some(choice) => {
                    waiting.add(choice);
                    self.push(item);
                }
            }
        }
        shown
    }
}

fn bytes(items: &[Item]) -> usize {
    items.iter().filter(|item| item.choice().is_some()).map(|item| item.raw.len()).sum()
}

/// Holds back the end of what passed unchanged of each choice, so much of it that `overlap` bytes of text are shown again.
pub(super) fn keep_tail(items: &[Item], mut changes: Vec<EventChange>, overlap: usize) -> Vec<EventChange> {
    if overlap == 0 {
        return changes;
    }
    changes.resize_with(items.len(), || EventChange::Pass);
    let mut tails: ByChoice<Tail> = ByChoice::default();
    let places = || items.iter().enumerate().filter_map(|(at, item)| Some((item.choice()?, at, item)));
    for (choice, at, item) in places() {
        tails.change(choice, |tail| tail.follow(at, item));
    }
    for (choice, at, item) in places().rev() {
        if let Some((tail, change)) = tails.get_mut(choice).zip(changes.get(at)) {
            tail.keep(at, item, change, overlap);
        }
    }
    for first in tails.iter().filter_map(|(_, tail)| tail.from) {
        if let Some(change) = changes.get_mut(first) {
            *change = EventChange::Again;
        }
    }
    changes
}

/// The last events of a choice that are to be shown again: those that its last text ends with, if that is open. Its events
/// are gone through twice: forwards for where that text begins, and backwards for how much of it is kept.
#[derive(Debug, Default)]
struct Tail {
    /// Its last text so far,
    text: OpenText,
    /// which begins with the event at this place.
    begins: usize,
    /// Bytes of text that are kept.
    kept: usize,
    /// The first event that is kept.
    from: Option<usize>,
    /// No more is kept.
    ends: bool,
}

impl Tail {
    fn follow(&mut self, at: usize, item: &Item) {
        if self.text.take(item.says()) == TextStep::Other {
            (self.begins, self.text) = (at, OpenText::default());
            let _ = self.text.take(item.says());
        }
    }

    fn keep(&mut self, at: usize, item: &Item, change: &EventChange, overlap: usize) {
        if self.ends || self.text.is_over() {
            return;
        }
        if self.kept >= overlap || at < self.begins || !matches!(change, EventChange::Pass) {
            self.ends = true;
            // Where the plugin itself holds something, it has its way.
            if matches!(change, EventChange::Hold) {
                self.from = None;
            }
            return;
        }
        let says = item.says();
        if !says.is_quiet() {
            self.kept += says.bytes();
            // Where only events without text would be held, nothing would be gained.
            self.from = (self.kept > 0).then_some(at).or(self.from);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
