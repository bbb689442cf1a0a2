//! A host for unit tests, in the same thread: lends a request, a reply, events and capabilities to the code under test
//! by the rules of `wit/weir-plugin.wit`, and records what that code did.
//!
//! ```
//! use weir_plugin::{fake, request};
//!
//! let host = fake::Host::new(fake::Hook::Policy).json(r#"{"model":"m","messages":[]}"#).header("x-team", "red").start();
//! assert_eq!(request::header("X-Team").as_deref(), Some("red"));
//! assert!(request::set_header("x-cost-centre", "42").is_ok());
//! assert!(request::set_header("authorization", "no").is_err());
//! assert_eq!(host.header("x-cost-centre").as_deref(), Some("42"));
//! ```

mod document;
mod headers;
mod hook;
pub(crate) mod imports;
pub(crate) mod outside;
mod pieces;
mod state;
mod stream;

pub use hook::Hook;
use state::{Message, State};
pub use stream::{StreamFault, Streamed, stream, stream_data};

use crate::callouts::{Failure, Incoming, Outgoing};
use crate::log::Level;
use crate::{Facts, StreamEvent};

/// Builds a fake host.
#[derive(Debug, Clone)]
pub struct Host(State);

impl Host {
    /// A host in which this hook is being called, with an empty chat request.
    #[must_use]
    pub fn new(hook: Hook) -> Self {
        Self(State::new(hook))
    }

    /// The request's body.
    #[must_use]
    pub fn json(mut self, body: &str) -> Self {
        self.0.request.body = body.as_bytes().to_vec();
        self
    }

    /// A header of the request. One that a real host hides may be set here, and is hidden.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.request.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The dialect, `openai.chat` unless said otherwise.
    #[must_use]
    pub fn dialect(mut self, dialect: &str) -> Self {
        self.0.dialect = dialect.to_owned();
        self
    }

    /// The tenant, `acme` unless said otherwise.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.0.tenant = tenant.to_owned();
        self
    }

    /// The request's id, `req-1` unless said otherwise.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.0.id = id.to_owned();
        self
    }

    /// The model that was asked for; the one that the body names unless said otherwise.
    #[must_use]
    pub fn model(mut self, model: &str) -> Self {
        self.0.model = Some(model.to_owned());
        self
    }

    /// Who is asked: a provider and its name for the model; nobody unless said otherwise.
    #[must_use]
    pub fn upstream(mut self, provider: &str, model: &str) -> Self {
        self.0.provider = provider.to_owned();
        self.0.upstream_model = model.to_owned();
        self
    }

    /// The response's body.
    #[must_use]
    pub fn reply(mut self, body: &str) -> Self {
        self.0.reply.body = body.as_bytes().to_vec();
        self
    }

    /// A header of the response.
    #[must_use]
    pub fn reply_header(mut self, name: &str, value: &str) -> Self {
        self.0.reply.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The data of the next event of the call.
    #[must_use]
    pub fn event(mut self, data: &str) -> Self {
        self.0.events.push(Message { body: data.as_bytes().to_vec(), ..Message::default() });
        self
    }

    /// A note that an earlier call has left.
    #[must_use]
    pub fn note(mut self, key: &str, value: &[u8]) -> Self {
        self.0.notes.insert(key.to_owned(), value.to_vec());
        self
    }

    /// A value in the key-value store that does not expire.
    #[must_use]
    pub fn kv(mut self, key: &str, value: &[u8]) -> Self {
        self.0.kv.insert(key.to_owned(), (value.to_vec(), u64::MAX));
        self
    }

    /// The time, in milliseconds since 1970; the first of January 2026 unless said otherwise. It moves by
    /// [`Running::later`] alone.
    #[must_use]
    pub fn clock(mut self, ms: u64) -> Self {
        self.0.clock = ms;
        self
    }

    /// A secret that the operator gave.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.0.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// What becomes of the next callout that has no answer yet; one for which there is none is denied.
    #[must_use]
    pub fn callout(mut self, answer: Result<Incoming, Failure>) -> Self {
        self.0.callouts.push_back(answer);
        self
    }

    /// Lends all this to the current thread until the answer is dropped. A host that was running there before is
    /// replaced.
    #[must_use = "the host runs for as long as this is kept"]
    pub fn start(self) -> Running {
        state::install(self.0);
        Running { _thread: std::marker::PhantomData }
    }
}

/// A running fake host of this thread; dropping it ends it.
#[derive(Debug)]
pub struct Running {
    // Not `Send`: the host lives in this thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Running {
    /// Facts that fit the request that is lent.
    #[must_use]
    pub fn facts(&self) -> Facts {
        state::read(State::facts).unwrap_or_else(facts)
    }

    /// Goes on with the same request in another hook; notes, counters and the store stay, and so does what was written.
    pub fn enter(&self, hook: Hook) {
        state::change(|state| state.hook = hook);
    }

    /// Lets time pass, for the clock and for what has a time to live.
    pub fn later(&self, milliseconds: u64) {
        state::change(|state| state.now = state.now.saturating_add(milliseconds));
    }

    /// The request's body as it would go upstream now.
    #[must_use]
    pub fn body(&self) -> String {
        state::read(|state| String::from_utf8_lossy(&state.request.body).into_owned()).unwrap_or_default()
    }

    /// A header of the request as it would go upstream now, hidden ones too.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        state::read(|state| state.request.any_header(name)).flatten()
    }

    /// The response's body as the client would get it now.
    #[must_use]
    pub fn reply_body(&self) -> String {
        state::read(|state| String::from_utf8_lossy(&state.reply.body).into_owned()).unwrap_or_default()
    }

    /// A header of the response as the client would get it now.
    #[must_use]
    pub fn reply_header(&self, name: &str) -> Option<String> {
        state::read(|state| state.reply.any_header(name)).flatten()
    }

    /// The data of an event of the call as it is now; empty past the end.
    #[must_use]
    pub fn event_data(&self, index: usize) -> String {
        let data = |event: &Message| String::from_utf8_lossy(&event.body).into_owned();
        state::read(|state| state.events.get(index).map(data)).flatten().unwrap_or_default()
    }

    /// The lines written to the log so far.
    #[must_use]
    pub fn logs(&self) -> Vec<(Level, String)> {
        state::read(|state| state.logs.clone()).unwrap_or_default()
    }

    /// What a counter has come to; 0 if nobody counted.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        state::read(|state| state.counters.get(name).copied()).flatten().unwrap_or(0)
    }

    /// The writes that succeeded, in order, each as `interface.function what`: `request.set-header x-team`.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        state::read(|state| state.writes.clone()).unwrap_or_default()
    }

    /// The callouts that were valid, in order, those without an answer included.
    #[must_use]
    pub fn callouts(&self) -> Vec<Outgoing> {
        state::read(|state| state.sent.clone()).unwrap_or_default()
    }

    /// How many times the code under test called the host so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        state::read(|state| state.calls).unwrap_or(0)
    }

    /// A note.
    #[must_use]
    pub fn note(&self, key: &str) -> Option<Vec<u8>> {
        state::read(|state| state.notes.get(key).cloned()).flatten()
    }

    /// A value in the key-value store that has not expired.
    #[must_use]
    pub fn kv(&self, key: &str) -> Option<Vec<u8>> {
        state::read(|state| state.live(key)).flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        state::remove();
    }
}

/// Facts to start from: no stream, 0 bytes.
#[must_use]
pub fn facts() -> Facts {
    Facts { streaming: false, body_bytes: 0 }
}

/// An event that adds text to a choice.
#[must_use]
pub fn event(choice: u32, text: &str) -> StreamEvent {
    StreamEvent { choice, text: text.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
