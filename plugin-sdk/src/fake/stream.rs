//! Drives a plugin's `event` hook the way a gateway does.

use std::fmt;

use super::state;
use crate::{Edit, Event, Facts, Refusal, StreamEvent, json};

/// What came out of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streamed {
    /// The events that were sent, with the text or, where the plugin put data in place, that data as text.
    pub sent: Vec<StreamEvent>,
    /// Events that were dropped.
    pub dropped: usize,
    /// The most characters of text that were held back between two calls.
    pub held_most: usize,
    /// Calls of the hook.
    pub calls: usize,
}

impl Streamed {
    /// The text of one choice as its reader sees it.
    #[must_use]
    pub fn text(&self, choice: u32) -> String {
        self.sent.iter().filter(|event| event.choice == choice).map(|event| event.text.as_str()).collect()
    }
}

/// How a stream ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFault {
    /// The plugin ended it with this error.
    Refused(Refusal),
    /// The plugin answered neither no edit nor one for each event.
    WrongCount {
        /// Events in the call.
        events: usize,
        /// Edits in the answer.
        edits: usize,
    },
}

impl fmt::Display for StreamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "the stream was refused: {}: {}", refusal.code, refusal.message),
            Self::WrongCount { events, edits } => write!(f, "{edits} edits for {events} events"),
        }
    }
}

impl std::error::Error for StreamFault {}

/// Gives the batches to the plugin, one call for each and a last one without new events, and carries its edits out:
/// what it holds comes again, first, in the next call. Start a [`Host`](super::Host) before if the plugin uses one.
///
/// # Errors
/// If the plugin ends the stream or answers a wrong number of edits.
pub fn stream<P: Event>(plugin: &P, facts: &Facts, batches: &[Vec<StreamEvent>]) -> Result<Streamed, StreamFault> {
    let mut out = Streamed::default();
    let mut held = Vec::new();
    for batch in batches {
        held.extend(batch.iter().cloned());
        held = one_call(plugin, facts, held, false, &mut out)?;
        out.held_most = out.held_most.max(held.iter().map(|event| event.text.chars().count()).sum());
    }
    one_call(plugin, facts, held, true, &mut out)?;
    Ok(out)
}

fn one_call<P: Event>(
    plugin: &P,
    facts: &Facts,
    mut events: Vec<StreamEvent>,
    last: bool,
    out: &mut Streamed,
) -> Result<Vec<StreamEvent>, StreamFault> {
    state::change(|state| state.events = events.iter().map(message).collect());
    out.calls += 1;
    let edits = plugin.on_events(facts, &events, last).map_err(StreamFault::Refused)?;
    // What the plugin has set in an event is in it from now on.
    let set = |state: &state::State| state.events.iter().map(text_of).collect::<Vec<_>>();
    for (event, text) in events.iter_mut().zip(state::read(set).unwrap_or_default()) {
        event.text = text.unwrap_or_default();
    }
    if edits.is_empty() {
        out.sent.extend(events);
        return Ok(Vec::new());
    }
    if edits.len() != events.len() {
        return Err(StreamFault::WrongCount { events: events.len(), edits: edits.len() });
    }
    let mut rest = events.into_iter().zip(edits);
    while let Some((mut event, edit)) = rest.next() {
        match edit {
            Edit::Hold if !last => return Ok(std::iter::once(event).chain(rest.map(|(event, _)| event)).collect()),
            Edit::Pass | Edit::Hold => out.sent.push(event),
            Edit::Text(text) | Edit::Data(text) => {
                event.text = text;
                out.sent.push(event);
            }
            Edit::Drop => out.dropped += 1,
        }
    }
    Ok(Vec::new())
}

/// Such an event with the data that it has in the chat dialect.
fn message(event: &StreamEvent) -> state::Message {
    let text = json::quote(&event.text);
    let data = format!(r#"{{"choices":[{{"index":{},"delta":{{"content":{text}}}}}]}}"#, event.choice);
    state::Message { body: data.into_bytes(), ..state::Message::default() }
}

fn text_of(event: &state::Message) -> Option<String> {
    Some(event.document()?.pointer("/choices/0/delta/content")?.as_str()?.to_owned())
}
