//! The short way for what most of a stream is: words of one choice, without a digit or an `@`, with nothing noted. There
//! is nothing to replace, only to be seen whether the end may begin something.

use std::ops::ControlFlow;

use weir_plugin::{Edit, StreamEvent};

use super::again;
use crate::chars::{self, LONGEST_RUN};
use crate::kinds::Kinds;
use crate::{marks, word};

/// What is to be said of these events; none if they are for the long way.
pub(super) fn edits(kinds: Kinds, events: &[StreamEvent], last: bool) -> Option<Vec<Edit>> {
    let mut texts = events.iter().filter(|event| !event.text.is_empty());
    if let Some(first) = texts.clone().next() {
        let noted = again::could_continue(&first.text) && again::came_again(events);
        if noted || texts.any(|event| event.choice != first.choice || marks::any(&event.text)) {
            return None;
        }
    }
    let open = if last || kinds.is_empty() { None } else { open(kinds, events) };
    let Some(held) = open else { return Some(Vec::new()) };
    Some((0..events.len()).map(|index| if index < held { Edit::Pass } else { Edit::Hold }).collect())
}

/// The event in which begins what may go on behind the last: the run at the end, or the parenthesis of a number.
fn open(kinds: Kinds, events: &[StreamEvent]) -> Option<usize> {
    let mut end = End { held: None, length: 0, opens: kinds.card || kinds.phone };
    for (index, event) in events.iter().enumerate().rev() {
        let walked = match word::letters(&event.text) {
            Some((count, before)) => {
                let walked = end.letters(count, index);
                if walked.is_break() { walked } else { before.into_iter().try_for_each(|c| end.character(c, index)) }
            }
            None => event.text.chars().rev().try_for_each(|c| end.character(c, index)),
        };
        if walked.is_break() {
            break;
        }
    }
    end.held
}

/// The end of the texts, as far as it was walked back.
struct End {
    held: Option<usize>,
    /// Characters of the run.
    length: usize,
    /// Whether a parenthesis here would be one of a number.
    opens: bool,
}

impl End {
    /// Takes the character before; breaks off where the run begins, or no older character matters.
    #[inline]
    fn character(&mut self, c: char, index: usize) -> ControlFlow<()> {
        if !chars::in_run(c) {
            if c == '(' && self.opens {
                self.held = Some(index);
            }
            return ControlFlow::Break(());
        }
        self.held = Some(index);
        self.length += 1;
        // Between the parenthesis and its number there may be one plus sign.
        self.opens &= c == '+' && self.length == 1;
        if self.length == LONGEST_RUN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes so many letters before, less than a longest run, as [`Self::character`] would one by one.
    #[inline]
    fn letters(&mut self, count: usize, index: usize) -> ControlFlow<()> {
        if count > 0 {
            self.held = Some(index);
            self.length += count;
            self.opens = false;
        }
        if self.length >= LONGEST_RUN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
mod tests;
