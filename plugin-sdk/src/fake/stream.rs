//! Drives a plugin's `event` hook the way a gateway does.

mod shown;

use std::fmt;

use super::state;
use crate::{Edit, Event, Facts, Refusal, StreamEvent, json};
use shown::{Shown, ended_by, turns};

/// What came out of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streamed {
    /// The events that were sent, with the text or, where the plugin put data in place, that data as text.
    pub sent: Vec<StreamEvent>,
    /// The data of each of them.
    pub data: Vec<String>,
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

/// Gives batches of texts to the plugin, as [`stream_data`] does.
///
/// # Errors
/// As [`stream_data`].
pub fn stream<P: Event>(plugin: &P, facts: &Facts, batches: &[Vec<StreamEvent>]) -> Result<Streamed, StreamFault> {
    let batches: Vec<Vec<String>> = batches.iter().map(|batch| batch.iter().map(data).collect()).collect();
    stream_data(plugin, facts, &batches)
}

/// Gives batches of events, by their data, to the plugin, and carries its edits out: what it holds comes again, first, in
/// the next call; where the text is over that it holds it is asked to decide, by a call with that text alone that is its
/// last; and the stream has a last call, whatever is in it. Each event has one choice. Start a [`Host`](super::Host) before
/// if the plugin uses one.
///
/// # Errors
/// If the plugin ends the stream or answers a wrong number of edits.
pub fn stream_data<P: Event>(plugin: &P, facts: &Facts, batches: &[Vec<String>]) -> Result<Streamed, StreamFault> {
    let mut driver = Driver { plugin, facts, held: Vec::new(), out: Streamed::default() };
    for batch in batches {
        let mut batch: Vec<Shown> = batch.iter().map(|data| Shown::of(data)).collect();
        while !batch.is_empty() {
            for choice in ended_by(&driver.held, &batch) {
                let (ended, held) = std::mem::take(&mut driver.held).into_iter().partition(|one| one.is_of(choice));
                driver.held = held;
                driver.call(ended, Call::Ended)?;
            }
            let rest = batch.split_off(turns(&driver.held, &batch));
            let mut events = std::mem::take(&mut driver.held);
            events.extend(std::mem::replace(&mut batch, rest));
            driver.call(events, Call::More)?;
        }
        let held = driver.held.iter().map(|one| one.event.text.chars().count()).sum();
        driver.out.held_most = driver.out.held_most.max(held);
    }
    let held = std::mem::take(&mut driver.held);
    driver.call(held, Call::Last)?;
    Ok(driver.out)
}

/// Why the plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    More,
    Ended,
    Last,
}

struct Driver<'a, P> {
    plugin: &'a P,
    facts: &'a Facts,
    held: Vec<Shown>,
    out: Streamed,
}

impl<P: Event> Driver<'_, P> {
    fn call(&mut self, mut shown: Vec<Shown>, call: Call) -> Result<(), StreamFault> {
        state::change(|state| {
            state.events = shown.iter().map(|one| one.message.clone()).collect();
            state.finished = call == Call::Last;
        });
        self.out.calls += 1;
        let events: Vec<StreamEvent> = shown.iter().map(|one| one.event.clone()).collect();
        let edits = self.plugin.on_events(self.facts, &events, call != Call::More).map_err(StreamFault::Refused)?;
        // What the plugin has set in an event is in it from now on.
        for (one, message) in shown.iter_mut().zip(state::read(|state| state.events.clone()).unwrap_or_default()) {
            one.renew(message);
        }
        if !edits.is_empty() && edits.len() != shown.len() {
            return Err(StreamFault::WrongCount { events: shown.len(), edits: edits.len() });
        }
        let mut edits = edits.into_iter();
        for one in shown {
            let edit = edits.next().unwrap_or(Edit::Pass);
            let waits = self.held.iter().any(|held| held.is_of(one.event.choice)) || edit == Edit::Hold;
            if call == Call::More && waits && !one.is_quiet() {
                self.held.push(one);
            } else {
                self.send(one, edit);
            }
        }
        Ok(())
    }

    fn send(&mut self, mut one: Shown, edit: Edit) {
        match edit {
            Edit::Drop => {
                self.out.dropped += 1;
                return;
            }
            Edit::Pass | Edit::Hold => {}
            Edit::Text(text) => one.set_text(text),
            Edit::Data(data) => one.set_data(data),
        }
        self.out.data.push(one.data());
        self.out.sent.push(one.event);
    }
}

/// The data that such an event has in the chat dialect.
fn data(event: &StreamEvent) -> String {
    let text = json::quote(&event.text);
    format!(r#"{{"choices":[{{"index":{},"delta":{{"content":{text}}}}}]}}"#, event.choice)
}
