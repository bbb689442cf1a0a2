//! The short way for what most of a stream is: words of one choice, without a digit or an `@`, with nothing noted. There
//! is nothing to replace, only to be seen whether the end may begin something.

use weir_plugin::{Edit, StreamEvent};

use super::MOST_HELD;
use crate::chars::{self, LONGEST_RUN};
use crate::marks;
use crate::options::Kinds;

/// What is to be said of these events; none if they are for the long way. `came_again` says that the first of them may
/// have been held back before.
pub(super) fn edits(kinds: Kinds, events: &[StreamEvent], came_again: bool, last: bool) -> Option<Vec<Edit>> {
    let mut texts = events.iter().filter(|event| !event.text.is_empty());
    if let Some(first) = texts.clone().next() {
        let noted = came_again && chars::could_continue(&first.text);
        if noted || texts.any(|event| event.choice != first.choice || marks::next(&event.text, 0).is_some()) {
            return None;
        }
    }
    let open = if last || kinds.is_empty() { None } else { open(kinds, events) };
    let Some(held) = open.filter(|index| events.len() - index <= MOST_HELD) else { return Some(Vec::new()) };
    let mut edits = Vec::with_capacity(events.len());
    edits.resize(held, Edit::Pass);
    edits.resize(events.len(), Edit::Hold);
    Some(edits)
}

/// The event in which begins what may go on behind the last: the run at the end, or the parenthesis of a number.
fn open(kinds: Kinds, events: &[StreamEvent]) -> Option<usize> {
    let mut held = None;
    let mut length = 0;
    let mut opens = kinds.card || kinds.phone;
    for (index, event) in events.iter().enumerate().rev() {
        for c in event.text.chars().rev() {
            if !chars::in_run(c) {
                return if c == '(' && opens { Some(index) } else { held };
            }
            held = Some(index);
            length += 1;
            // Between the parenthesis and its number there may be one plus sign.
            opens &= c == '+' && length == 1;
            if length == LONGEST_RUN {
                return held;
            }
        }
    }
    held
}
