//! Windows: what the host holds back for a plugin that sees only what it is shown.

use super::edits::EventChange;
use super::held::{ByChoice, HeldBounds, HeldEvents, MOST, OfChoice};
use super::item::Item;
use std::collections::{BTreeMap, BTreeSet};
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
        let is_due = |of: &OfChoice| full || of.fresh >= size || of.fresh > 0 && of.is_over();
        let due: BTreeSet<u32> =
            ByChoice::of(items.iter()).iter().filter(|of| is_due(of)).map(OfChoice::choice).collect();
        let (mut shown, mut waiting) = (Vec::with_capacity(items.len()), BTreeSet::new());
        for item in items {
            match item.choice() {
                None => shown.push(item),
                Some(choice) if due.contains(&choice) => shown.push(item),
                Some(choice) if item.is_new_without_text() && !waiting.contains(&choice) => passed.push(item),
                Some(choice) => {
                    waiting.insert(choice);
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
    let mut of_choices: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(choice) = item.choice() {
            of_choices.entry(choice).or_default().push(at);
        }
    }
    for of in of_choices.values() {
        if let Some(first) = tail(items, &changes, of, overlap)
            && let Some(change) = changes.get_mut(first)
        {
            *change = EventChange::Again;
        }
    }
    changes
}

/// The first of the last events of a choice that are to be shown again: those that its last text ends with, if that is open.
/// `of` are the places of its events.
fn tail(items: &[Item], changes: &[EventChange], of: &[usize], overlap: usize) -> Option<usize> {
    let first = begins(items, of)?;
    let (mut kept, mut from) = (0, None);
    for at in of.iter().rev().copied() {
        let (item, change) = (items.get(at)?, changes.get(at)?);
        let says = item.says();
        if kept >= overlap || at < first || !matches!(change, EventChange::Pass) {
            // Where the plugin itself holds something, it has its way.
            return if matches!(change, EventChange::Hold) { None } else { from };
        }
        if !says.is_quiet() {
            kept += says.bytes();
            // Where only events without text would be held, nothing would be gained.
            from = (kept > 0).then_some(at).or(from);
        }
    }
    from
}

/// Where the last text of a choice begins, if it is not over.
fn begins(items: &[Item], of: &[usize]) -> Option<usize> {
    let (mut first, mut text) = (0, OpenText::default());
    for (at, item) in of.iter().filter_map(|at| Some((*at, items.get(*at)?))) {
        if text.take(item.says()) == TextStep::Other {
            (first, text) = (at, OpenText::default());
            let _ = text.take(item.says());
        }
    }
    (!text.is_over()).then_some(first)
}
