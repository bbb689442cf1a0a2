//! Streams: which events go out, as what, and which are held back.

mod words;

use weir_plugin::{Edit, Refusal, StreamEvent};

use crate::chars;
use crate::notes::{self, Head, Heads};
use crate::options::Options;
use crate::scan::{self, Scan};

/// Events behind an open place after which it is decided with what is there. Text alone never comes to so many: it takes
/// hundreds of events without any, such as the pieces of a long tool call.
const MOST_HELD: usize = 512;

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
    if let Some(edits) = words::edits(options.kinds, events, last) {
        return Ok(edits);
    }
    let mut choices = gather(events);
    let may_be_noted = choices.iter().any(|choice| chars::could_continue(&choice.text)) && came_again(events);
    let noted = if may_be_noted { notes::read() } else { Vec::new() };
    let mut held = scan_all(&mut choices, options, &noted, last);
    if held.is_some_and(|index| events.len() - index > MOST_HELD) {
        held = scan_all(&mut choices, options, &noted, true);
    }
    let heads: Heads = match held {
        Some(index) => choices.iter().filter_map(|choice| Some((choice.number, choice.head_at(index)?))).collect(),
        None => Vec::new(),
    };
    if heads != noted {
        notes::write(&heads)?;
    }
    if held.is_none() && choices.iter().all(|choice| choice.scan.found.is_empty() && choice.head.cut == 0) {
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
    }
    edits.iter_mut().skip(held.unwrap_or(events.len())).for_each(|edit| *edit = Edit::Hold);
    Ok(edits)
}

/// Whether the first event may have been held back before. Nothing is noted without an event that was, and the first of
/// those comes first.
fn came_again(events: &[StreamEvent]) -> bool {
    events.first().is_some_and(|event| chars::could_be_held(&event.text))
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

/// Walks over every choice; answers the first event that must be held back.
fn scan_all(choices: &mut [Choice<'_>], options: &Options, noted: &Heads, last: bool) -> Option<usize> {
    let mut held = None;
    for choice in choices {
        choice.head =
            noted.iter().find(|(number, _)| *number == choice.number).map_or(Head::default(), |(_, head)| *head);
        let from = (choice.head.cut + choice.head.keep).min(choice.text.len());
        choice.scan = scan::scan(&choice.text, from, options.kinds, last);
        let Some(open) = choice.scan.open else { continue };
        let first = choice.parts.iter().find(|(_, start, text)| open < start + text.len());
        held = [held, first.map(|(index, ..)| *index)].into_iter().flatten().min();
    }
    held
}

impl Choice<'_> {
    /// What is to be noted if the events from this index on come again: how much of the first of them is decided.
    fn head_at(&self, index: usize) -> Option<Head> {
        let (_, at, _) = self.parts.iter().find(|(own, ..)| *own >= index)?;
        let inside = |start: usize, end: usize| if start < *at && *at < end { end - at } else { 0 };
        let Head { cut, keep } = self.head;
        let head = if *at < cut {
            Head { cut: cut - at, keep }
        } else if *at < cut + keep {
            Head { cut: 0, keep: cut + keep - at }
        } else {
            let cut = self.scan.found.iter().map(|found| inside(found.start, found.end)).max().unwrap_or(0);
            let keep = self.scan.passed.iter().map(|(start, end)| inside(*start, *end)).max().unwrap_or(0);
            Head { cut, keep }
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
