//! What a plugin's edits make of events.

use super::by_choice::{ByChoice, ChoiceSet};
use super::changed::ChangedChoices;
use super::item::{Item, WaitReason};
use super::turn::CallReason;
use crate::abi::contract::Edit;
use crate::exchange::CallEvents;

/// What becomes of one event.
#[derive(Debug)]
pub(super) enum EventChange {
    Pass,
    Drop,
    /// The same event with another text, and that text.
    Text(Vec<Item>, String),
    New(Vec<Item>),
    Hold,
    /// It passes, and waits to be shown once more with what follows.
    Again,
}

/// What a plugin's edits make of events, one for each of them; none if all pass. Or how the edits break the contract.
pub(super) fn changes(items: &[Item], edits: Vec<Edit>) -> Result<Vec<EventChange>, String> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    let mut edits = edits.into_iter();
    let mut holding = ChoiceSet::default();
    let mut changes = Vec::with_capacity(items.len());
    for item in items {
        let Some(seen) = &item.seen else {
            changes.push(EventChange::Pass);
            continue;
        };
        let made = match edits.next().unwrap_or(Edit::Pass) {
            Edit::Pass => Ok(EventChange::Pass),
            Edit::Drop => Ok(EventChange::Drop),
            Edit::Text(text) => item.with_text(&text).map(|new| EventChange::Text(new, text)),
            Edit::Data(data) => item.with_data(data.into()).map(EventChange::New),
            Edit::Hold => {
                seen.choice.into_iter().for_each(|choice| holding.add(choice));
                Ok(EventChange::Hold)
            }
        };
        changes.push(match made {
            Ok(change) => change,
            // What stands behind an event that is held comes again, whatever was said of it.
            Err(_) if seen.choice.is_some_and(|choice| holding.has(choice)) => EventChange::Pass,
            Err(wrong) => return Err(wrong.to_string()),
        });
    }
    Ok(changes)
}

/// Puts what a plugin has set in events into them, whatever becomes of them then.
pub(super) fn renew(items: Vec<Item>, changes: &mut Vec<EventChange>, events: &mut CallEvents) -> Vec<Item> {
    let mut set = events.changed().peekable();
    if set.peek().is_none() {
        return items;
    }
    changes.resize_with(items.len(), || EventChange::Pass);
    let mut index = 0;
    let renewed = items.into_iter().zip(changes).map(|(item, change)| {
        if item.seen.is_none() {
            return item;
        }
        let own = set.next_if(|(at, ..)| *at == index);
        index += 1;
        let Some((_, data, says_otherwise)) = own else { return item };
        let says_otherwise = says_otherwise || item.is_set();
        let item = item.renewed(data).set(says_otherwise);
        match change {
            EventChange::Text(new, text) => *new = item.with_text(text).unwrap_or_default(),
            // It is not what would be shown once more.
            EventChange::Again => *change = EventChange::Pass,
            EventChange::Pass | EventChange::Drop | EventChange::New(_) | EventChange::Hold => {}
        }
        item
    });
    renewed.collect()
}

/// Events by what becomes of them: those that pass now, and those that wait, in their order.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) passed: Vec<Item>,
    pub(super) held: Vec<Item>,
}

/// Carries changes out. What is behind an event that is held waits with it, if it is of the same choice. `looked` says
/// whether the plugin has seen more than contents: what it has not seen it cannot hold. The choices whose text changes by
/// that are noted.
pub(super) fn apply(
    items: Vec<Item>,
    changes: Vec<EventChange>,
    turn: CallReason,
    looked: bool,
    changed: &mut ChangedChoices,
) -> Sorted {
    let mut sorted = Sorted { passed: Vec::with_capacity(items.len()), held: Vec::new() };
    let mut changes = changes.into_iter();
    // Why the first event of a choice waits that does.
    let mut waiting: ByChoice<Option<WaitReason>> = ByChoice::default();
    for item in items {
        let change = changes.next().unwrap_or(EventChange::Pass);
        let before = item.choice().and_then(|choice| waiting.get(choice).copied()?);
        let why = match change {
            _ if before.is_some() && !item.says().is_quiet() => before,
            EventChange::Hold if turn.may_hold() && can_wait(&item, looked) => Some(WaitReason::Held),
            EventChange::Again => Some(WaitReason::Again),
            EventChange::Pass | EventChange::Hold | EventChange::New(_) | EventChange::Text(..) | EventChange::Drop => {
                None
            }
        };
        if let Some(why) = why {
            if let Some(choice) = item.choice() {
                waiting.change(choice, |first| *first = first.or(Some(why)));
            }
            sorted.held.push(item.wait(why));
            continue;
        }
        if item.is_set() || matches!(change, EventChange::New(_) | EventChange::Text(..) | EventChange::Drop) {
            changed.note(item.choice());
        }
        match change {
            EventChange::Pass | EventChange::Hold | EventChange::Again => sorted.passed.push(changed.behind(item)),
            EventChange::New(new) | EventChange::Text(new, _) => sorted.passed.extend(new),
            EventChange::Drop => {}
        }
    }
    sorted
}

/// Whether there is text in an event that its plugin may wait with.
fn can_wait(item: &Item, looked: bool) -> bool {
    let says = item.says();
    item.choice().is_some() && if looked { says.is_text() } else { says.is_content() }
}
