//! What the fake host knows, and where it lives.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use super::document::{self, Value};
use super::hook::Hook;
use super::pieces::Spot;
use crate::callouts::{Failure, Incoming, Outgoing};
use crate::log::Level;
use crate::{Facts, Piece};

/// One side of the exchange.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Its pieces as they were told last.
    pub(super) pieces: Vec<(Piece, Spot)>,
}

impl Message {
    pub(super) fn any_header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    }

    pub(super) fn document(&self) -> Option<Value> {
        document::read(&self.body)
    }
}

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) hook: Hook,
    pub(super) tenant: String,
    pub(super) id: String,
    /// What `request.model` says, if it is not what the body says.
    pub(super) model: Option<String>,
    pub(super) provider: String,
    pub(super) upstream_model: String,
    pub(super) dialect: String,
    pub(super) request: Message,
    pub(super) reply: Message,
    pub(super) events: Vec<Message>,
    /// The stream is over.
    pub(super) finished: bool,
    pub(super) notes: BTreeMap<String, Vec<u8>>,
    /// Value and the time at which it expires.
    pub(super) kv: BTreeMap<String, (Vec<u8>, u64)>,
    pub(super) counters: BTreeMap<String, u64>,
    pub(super) logs: Vec<(Level, String)>,
    pub(super) writes: Vec<String>,
    pub(super) calls: u64,
    /// Milliseconds since the start.
    pub(super) now: u64,
    /// The time at the start.
    pub(super) clock: u64,
    /// Where the random numbers are.
    pub(super) drawn: u64,
    pub(super) secrets: BTreeMap<String, String>,
    /// Answers to the callouts to come, and what was sent.
    pub(super) callouts: VecDeque<Result<Incoming, Failure>>,
    pub(super) sent: Vec<Outgoing>,
}

impl State {
    pub(super) fn new(hook: Hook) -> Self {
        let body = br#"{"model":"demo-small","messages":[]}"#.to_vec();
        Self {
            hook,
            tenant: "acme".into(),
            id: "req-1".into(),
            model: None,
            provider: String::new(),
            upstream_model: String::new(),
            dialect: "openai.chat".into(),
            request: Message { body, ..Message::default() },
            reply: Message::default(),
            events: Vec::new(),
            finished: false,
            notes: BTreeMap::new(),
            kv: BTreeMap::new(),
            counters: BTreeMap::new(),
            logs: Vec::new(),
            writes: Vec::new(),
            calls: 0,
            now: 0,
            clock: 1_767_225_600_000,
            drawn: 0,
            secrets: BTreeMap::new(),
            callouts: VecDeque::new(),
            sent: Vec::new(),
        }
    }

    pub(super) fn model(&self) -> String {
        let said = || Some(self.request.document()?.get("model")?.as_str()?.to_owned());
        self.model.clone().or_else(said).unwrap_or_default()
    }

    pub(super) fn facts(&self) -> Facts {
        let document = self.request.document().unwrap_or(Value::Null);
        Facts {
            streaming: document.get("stream").and_then(Value::as_bool).unwrap_or(false),
            body_bytes: u32::try_from(self.request.body.len()).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn live(&self, key: &str) -> Option<Vec<u8>> {
        self.kv.get(key).filter(|(_, until)| *until > self.now).map(|(value, _)| value.clone())
    }
}

thread_local! {
    static RUNNING: RefCell<Option<State>> = const { RefCell::new(None) };
}

pub(super) fn install(state: State) {
    RUNNING.with(|slot| *slot.borrow_mut() = Some(state));
}

pub(super) fn remove() {
    RUNNING.with(|slot| *slot.borrow_mut() = None);
}

/// Looks at the state; nothing if no host is running.
pub(super) fn read<T>(look: impl FnOnce(&State) -> T) -> Option<T> {
    RUNNING.with(|slot| slot.borrow().as_ref().map(look))
}

/// Changes the state; nothing if no host is running.
pub(super) fn change<T>(act: impl FnOnce(&mut State) -> T) -> Option<T> {
    RUNNING.with(|slot| slot.borrow_mut().as_mut().map(act))
}

/// A call from the code under test.
pub(super) fn call<T>(act: impl FnOnce(&mut State) -> T) -> Option<T> {
    change(|state| {
        state.calls += 1;
        act(state)
    })
}

/// A call that writes: `what` is recorded if it succeeds.
pub(super) fn write<T>(what: String, act: impl FnOnce(&mut State) -> Result<T, String>) -> Result<T, String> {
    let outcome = call(|state| {
        let outcome = act(state);
        if outcome.is_ok() {
            state.writes.push(what);
        }
        outcome
    });
    outcome.unwrap_or_else(|| Err("no fake host is running in this thread: start one with fake::Host".to_owned()))
}
