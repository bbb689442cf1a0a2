//! Streams: which events go out, as what, and which are held back.
//!
//! Most events of most streams are content alone, which the hook is given; they are looked at here. Of others the gateway
//! is asked for every piece of text ([`pieces`]).

mod again;
mod pieces;
mod words;

use weir_plugin::{Edit, Refusal, StreamEvent, events as shown};

use crate::notes::{self, Head, Heads, Name};
use crate::options::Options;
use crate::scan::{self, Scan};

/// One choice of the answer: the texts of its events of this call, joined.
struct Choice<'a> {
    number: u32,
    text: String,
    /// Index of each event in the call, and where its text begins here.
    parts: Vec<(usize, usize, &'a str)>,
    head: Head,
    scan: Scan,
}

/// One edit for each event, or none if all may pass.
pub(crate) fn edits(options: &Options, events: &[StreamEvent], last: bool) -> Result<Vec<Edit>, Refusal> {
    if !events.is_empty() && !shown::plain() {
        return pieces::edits(options, events, last);
    }
    if let Some(edits) = words::edits(options.kinds, events, last) {
        return Ok(edits);
    }
    let mut choices = gather(events);
    let may_be_noted = choices.iter().any(|choice| again::could_continue(&choice.text)) && again::came_again(events);
    let noted = if may_be_noted { notes::read() } else { Vec::new() };
    choices.iter_mut().for_each(|choice| choice.scan(options, &noted, last));
    note(&choices, noted, may_be_noted)?;
    if choices.iter().all(|choice| choice.first_open().is_none() && choice.is_untouched()) {
        return Ok(Vec::new());
    }
    let mut edits = vec![Edit::Pass; events.len()];
    for choice in &choices {
        for (index, start, text) in &choice.parts {
            let new = choice.output(options, *start, start + text.len());
            if let (Some(new), Some(edit)) = (new, edits.get_mut(*index)) {
                *edit = Edit::Text(new);
            }
        }
        let waits = |(index, event): (usize, &StreamEvent)| {
            event.choice == choice.number && choice.first_open().is_some_and(|first| index >= first)
        };
        for (edit, waits) in edits.iter_mut().zip(events.iter().enumerate().map(waits)) {
            if waits {
                *edit = Edit::Hold;
            }
        }
    }
    Ok(edits)
}

/// Notes what is to be known of these choices in the next call, and leaves what is noted of others.
fn note(choices: &[Choice<'_>], noted: Heads, read: bool) -> Result<(), Refusal> {
    let own: Heads = choices.iter().filter_map(Choice::head_again).collect();
    if own.is_empty() && !read {
        return Ok(());
    }
    let before = if read { noted } else { notes::read() };
    let is_own = |name: Name| name.1 == 0 && choices.iter().any(|choice| choice.number == name.0);
    let others = before.iter().filter(|(name, _)| !is_own(*name)).copied();
    let heads: Heads = others.chain(own).collect();
    if heads != before {
        notes::write(&heads)?;
    }
    Ok(())
}

fn gather(events: &[StreamEvent]) -> Vec<Choice<'_>> {
    let mut choices: Vec<Choice<'_>> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if event.text.is_empty() {
            continue;
        }
        let at = match choices.iter().position(|choice| choice.number == event.choice) {
            Some(at) => at,
            None => {
                let (text, parts, head, scan) = Default::default();
                choices.push(Choice { number: event.choice, text, parts, head, scan });
                choices.len() - 1
            }
        };
        if let Some(choice) = choices.get_mut(at) {
            choice.parts.push((index, choice.text.len(), event.text.as_str()));
            choice.text.push_str(&event.text);
        }
    }
    choices
}

impl Choice<'_> {
    fn scan(&mut self, options: &Options, noted: &Heads, last: bool) {
        let own = noted.iter().find(|(name, _)| *name == (self.number, 0));
        self.head = own.map_or(Head::default(), |(_, head)| *head);
        let from = (self.head.cut + self.head.keep).min(self.text.len());
        self.scan = scan::scan(&self.text, from, options.kinds, last);
    }

    /// The first event that has to wait for what follows.
    fn first_open(&self) -> Option<usize> {
        let open = self.scan.open?;
        let first = self.parts.iter().find(|(_, start, text)| open < start + text.len());
        first.map(|(index, ..)| *index)
    }

    /// Whether it goes out as it is.
    fn is_untouched(&self) -> bool {
        self.scan.found.is_empty() && self.head.cut == 0
    }

    /// What is to be noted for when its open events come again.
    fn head_again(&self) -> Option<(Name, Head)> {
        Some(((self.number, 0), self.head_at(self.first_open()?)?))
    }

    /// What is to be noted if the events from this index on come again: how much of the first of them is decided.
    fn head_at(&self, index: usize) -> Option<Head> {
        let (_, at, _) = self.parts.iter().find(|(own, ..)| *own >= index)?;
        let inside = |start: usize, end: usize| if start < *at && *at < end { end - at } else { 0 };
        let Head { cut, keep, .. } = self.head;
        let head = if *at < cut {
            Head { cut: cut - at, keep, inside: false }
        } else if *at < cut + keep {
            Head { cut: 0, keep: cut + keep - at, inside: false }
        } else {
            let cut = self.scan.found.iter().map(|found| inside(found.start, found.end)).max().unwrap_or(0);
            let keep = self.scan.passed.iter().map(|(start, end)| inside(*start, *end)).max().unwrap_or(0);
            Head { cut, keep, inside: false }
        };
        (head != Head::default()).then_some(head)
    }

    /// The bytes `start..end` of the text as they go out; none if they go out as they are. A replacement stands where
    /// its match begins, whichever event that is in.
    fn output(&self, options: &Options, start: usize, end: usize) -> Option<String> {
        let touched = self.scan.found.iter().filter(|found| found.start < end && found.end > start);
        let mut at = start.max(self.head.cut.min(end));
        if at == start && touched.clone().next().is_none() {
            return None;
        }
        let mut out = String::new();
        for found in touched {
            if found.start >= start {
                out.push_str(self.text.get(at..found.start).unwrap_or_default());
                out.push_str(options.replacement(found.kind));
            }
            at = found.end.min(end);
        }
        out.push_str(self.text.get(at..end).unwrap_or_default());
        Some(out)
    }
}
