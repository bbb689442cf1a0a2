//! What one plugin keeps back, or the host for it: of each choice the events behind the first that waits.
//!
//! What is held of a choice is a text that is open: where something else is said, it is over. The events of all choices are
//! in one list, in the order in which they came.

use super::item::{Item, Wait};
use weir_dialect::event::Says;

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
            let last = self.0.iter().rfind(|item| item.is_of(choice));
            let next = batch.iter().find(|item| item.is_of(choice) && !item.says().is_quiet());
            if last.zip(next).is_some_and(|(last, next)| !last.says().goes_on_in(&next.says())) {
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
    let mut last: Option<Says> = None;
    for (at, item) in items.iter().enumerate() {
        let says = item.says();
        if says.is_quiet() {
            continue;
        }
        if last.is_some_and(|last| !last.goes_on_in(&says)) {
            return at;
        }
        last = Some(says);
    }
    items.len()
}

/// Whether the first text of one choice's events is over.
pub(super) fn is_over<'a>(items: impl Iterator<Item = &'a Item>) -> bool {
    let mut last: Option<Says> = None;
    for says in items.map(Item::says).filter(|says| !says.is_quiet()) {
        if last.is_some_and(|last| !last.goes_on_in(&says)) {
            return true;
        }
        last = Some(says);
    }
    last.is_some_and(|last| last.is_end())
}
