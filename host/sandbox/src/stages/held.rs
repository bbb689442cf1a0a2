//! What one plugin keeps back, or the host for it: of each choice the events behind the first that waits.
//!
//! What is held of a choice is a text that is open: where something else is said, it is over. The events of all choices are
//! in one list, in the order in which they came.

use super::by_choice::ByChoice;
use super::item::{Item, WaitReason};
use weir_dialect::event::{OpenText, TextStep};

/// So many events of one stream may wait for one plugin: each read of the stream goes through all of them.
pub(super) const MOST: usize = 16_384;

/// How much of one stream may be kept back for one plugin.
#[derive(Debug, Clone, Copy)]
pub struct HeldBounds {
    /// Bytes of text of one choice that a plugin may hold behind the event with which it begins.
    pub text: usize,
    /// Bytes of all events, as they stand in the stream.
    pub events: usize,
}

/// Which bound is passed, and by how many bytes that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    /// That of the text of this choice.
    Text(u32, usize),
    /// That of all events.
    Events(usize),
    /// Their number.
    Count(usize),
}

/// Events of one choice, followed in one go through a list.
#[derive(Debug)]
pub(super) struct OfChoice {
    begun: bool,
    text: OpenText,
    /// Bytes of text behind the first event, without which nothing could wait at all.
    behind: usize,
    /// Bytes of text that the plugin has not seen yet.
    pub(super) fresh: usize,
    held: bool,
    /// Something else is said than what they begin with.
    left: bool,
    /// What the first event behind the list comes to that says anything of it.
    next: TextStep,
}

impl Default for OfChoice {
    fn default() -> Self {
        let (text, next) = (OpenText::default(), TextStep::Between);
        Self { begun: false, text, behind: 0, fresh: 0, held: false, left: false, next }
    }
}

impl OfChoice {
    /// Whether the first text of them is over.
    pub(super) fn is_over(&self) -> bool {
        self.left || self.text.is_over()
    }

    fn take(&mut self, item: &Item) {
        let says = item.says();
        if self.begun {
            self.behind = self.behind.saturating_add(says.bytes());
        }
        self.begun = true;
        self.left |= self.text.take(says) == TextStep::Other;
        self.held |= item.waits(WaitReason::Held);
        self.fresh = self.fresh.saturating_add(item.fresh());
    }

    fn go_on(&mut self, item: &Item) {
        if self.next == TextStep::Between {
            self.next = self.text.take(item.says());
        }
    }
}

/// What there is of each choice.
pub(super) fn by_choice<'a>(items: impl Iterator<Item = &'a Item>) -> ByChoice<OfChoice> {
    let mut all = ByChoice::default();
    for item in items {
        if let Some(choice) = item.choice() {
            all.change(choice, |of: &mut OfChoice| of.take(item));
        }
    }
    all
}

/// What is kept back.
#[derive(Debug, Default)]
pub(super) struct HeldEvents(Vec<Item>);

impl HeldEvents {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all of it, as it stands in the stream.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|item| item.raw.len()).sum()
    }

    /// The number of the first that came of it.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.0.iter().map(Item::number).min()
    }

    /// What of it is past a bound, if anything is.
    pub(super) fn past(&self, bounds: HeldBounds) -> Option<Past> {
        let HeldBounds { text, events } = bounds;
        let raw = self.bytes();
        if raw > events {
            return Some(Past::Events(raw));
        }
        if self.0.len() > MOST {
            return Some(Past::Count(self.0.len()));
        }
        // There is no more text than there are bytes of events.
        let waiting = if raw > text { by_choice(self.0.iter()) } else { ByChoice::default() };
        let past = waiting.iter().find(|(_, of)| of.held && of.behind > text);
        past.map(|(choice, of)| Past::Text(choice, of.behind))
    }

    pub(super) fn push(&mut self, item: Item) {
        self.0.push(item);
    }

    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = Item>) {
        self.0.extend(items);
    }

    /// Takes all of it.
    pub(super) fn take_all(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.0)
    }

    /// Takes what is held of a choice.
    pub(super) fn take(&mut self, choice: u32) -> Vec<Item> {
        let (of, others) = std::mem::take(&mut self.0).into_iter().partition(|item| item.is_of(choice));
        self.0 = others;
        of
    }

    /// Whether the plugin holds anything of a choice.
    pub(super) fn holds(&self, choice: u32) -> bool {
        self.0.iter().any(|item| item.is_of(choice) && item.waits(WaitReason::Held))
    }

    /// The choices of which something is held that does not go on in what has come now.
    pub(super) fn ended_by(&self, batch: &[Item]) -> Vec<u32> {
        let mut waiting = by_choice(self.0.iter());
        for item in batch {
            if let Some(of) = item.choice().and_then(|choice| waiting.get_mut(choice)) {
                of.go_on(item);
            }
        }
        waiting.iter().filter(|(_, of)| of.next == TextStep::Other).map(|(choice, _)| choice).collect()
    }

    /// A choice of which the text that is held is over, and what is held behind that text, which is taken out.
    pub(super) fn take_behind_end(&mut self) -> Option<(u32, Vec<Item>)> {
        let (choice, _) = by_choice(self.0.iter()).iter().find(|(_, of)| of.is_over())?;
        let mut all = self.take(choice);
        let behind = all.split_off(run(&all));
        self.0.extend(all);
        Some((choice, behind))
    }
}

/// How many of the events of one choice, from the first on, belong to one text.
pub(super) fn run(items: &[Item]) -> usize {
    let mut text = OpenText::default();
    items.iter().position(|item| text.take(item.says()) == TextStep::Other).unwrap_or(items.len())
}

/// Whether the first text of one choice's events is over.
pub(super) fn is_over(items: &[Item]) -> bool {
    by_choice(items.iter()).iter().any(|(_, of)| of.is_over())
}
