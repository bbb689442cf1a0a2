//! What one plugin keeps back, or the host for it: of each choice the events behind the first that waits.
//!
//! What is held of a choice is a text that is open: where something else is said, it is over. The events of all choices are
//! in one list, in the order in which they came.

use super::item::{Item, Wait};
use weir_dialect::event::{OpenText, TextStep};

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
}

/// What is kept back.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<Item>);

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all of it, as it stands in the stream.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|item| item.raw.len()).sum()
    }

    /// What of it is past a bound, if anything is.
    pub(super) fn past(&self, bounds: HeldBounds) -> Option<Past> {
        let HeldBounds { text, events } = bounds;
        let raw = self.bytes();
        if raw > events {
            return Some(Past::Events(raw));
        }
        // There is no more text than there are bytes of events.
        let too_long = |choice: &u32| self.holds(*choice) && self.text_behind(*choice) > text;
        let past = if raw > text { choices(&self.0).find(too_long) } else { None };
        past.map(|choice| Past::Text(choice, self.text_behind(choice)))
    }

    /// Bytes of text that waits of a choice behind the first event, without which nothing could wait at all.
    fn text_behind(&self, choice: u32) -> usize {
        self.0.iter().filter(|item| item.is_of(choice)).skip(1).map(|item| item.says().bytes()).sum()
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

    /// Whether anything waits of a choice.
    pub(super) fn has(&self, choice: u32) -> bool {
        self.0.iter().any(|item| item.is_of(choice))
    }

    /// Whether the plugin holds anything of a choice.
    pub(super) fn holds(&self, choice: u32) -> bool {
        self.0.iter().any(|item| item.is_of(choice) && item.waits(Wait::Held))
    }

    /// The choices of which something is held that does not go on in what has come now.
    pub(super) fn ended_by(&self, batch: &[Item]) -> Vec<u32> {
        let mut ended = Vec::new();
        for choice in choices(&self.0) {
            let mut text = OpenText::default();
            for item in self.0.iter().filter(|item| item.is_of(choice)) {
                let _ = text.take(item.says());
            }
            let mut next = batch.iter().filter(|item| item.is_of(choice)).map(|item| text.take(item.says()));
            if next.find(|next| *next != TextStep::Between) == Some(TextStep::Other) {
                ended.push(choice);
            }
        }
        ended
    }

    /// A choice of which the text that is held is over, and what is held behind that text, which is taken out.
    pub(super) fn take_behind_end(&mut self) -> Option<(u32, Vec<Item>)> {
        let choice = choices(&self.0).find(|choice| is_over(self.0.iter().filter(|item| item.is_of(*choice))))?;
        let mut all = self.take(choice);
        let behind = all.split_off(run(&all));
        self.0.extend(all);
        Some((choice, behind))
    }
}

/// The choices that there are in a list, each once.
pub(super) fn choices(items: &[Item]) -> impl Iterator<Item = u32> + '_ {
    let first = |at: usize, choice: u32| !items.iter().take(at).any(|before| before.is_of(choice));
    items.iter().enumerate().filter_map(move |(at, item)| item.choice().filter(|choice| first(at, *choice)))
}

/// How many of the events of one choice, from the first on, belong to one text.
pub(super) fn run(items: &[Item]) -> usize {
    let mut text = OpenText::default();
    items.iter().position(|item| text.take(item.says()) == TextStep::Other).unwrap_or(items.len())
}

/// Whether the first text of one choice's events is over.
pub(super) fn is_over<'a>(mut items: impl Iterator<Item = &'a Item>) -> bool {
    let mut text = OpenText::default();
    items.any(|item| text.take(item.says()) == TextStep::Other) || text.is_over()
}
