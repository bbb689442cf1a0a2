//! What a codec of a stream does, and what it is told.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{ChatEvent, DecodeFault, FieldLosses};
use crate::wire::Vendor;

/// One event of a stream, out of its framing: an SSE event, an AWS event message, an element of an array, a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireEvent<'a> {
    /// Its name: the `event` line, or `:event-type` or `:exception-type`.
    pub name: Option<&'a str>,
    /// Its data; of an AWS event message its payload.
    pub data: Bytes,
    /// It is an exception (`:message-type` of an AWS event message).
    pub exception: bool,
}

/// An event to be written, before its framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its name, where the wire names events.
    pub name: Option<&'static str>,
    /// Its data.
    pub data: Bytes,
}

/// From the events of a wire to canonical ones. Owns what spans events: usage in halves, open blocks, their numbers.
pub trait EventDecoder: fmt::Debug + Send {
    /// The next event. Behind [`ChatEvent::End`] or [`ChatEvent::Failed`] nothing is read.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is none of this wire. The stream is broken.
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault>;

    /// The transport has ended, cleanly or not: what is open is closed, and [`ChatEvent::End`] given if the stream is whole and has
    /// not said so.
    fn finish(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState;
}

/// From canonical events to those of a wire. Owns identifiers, numbers, and what must be said again at the end.
pub trait EventEncoder: fmt::Debug + Send {
    /// The next event.
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses);

    /// Bytes that are kept for what is said later.
    fn held(&self) -> usize;
}

/// How a stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamState {
    /// All of it came.
    Whole,
    /// It breaks off.
    Broken,
    /// The provider says that it failed.
    Failed,
}

/// What a request's encoder is told of its target.
#[derive(Debug, Clone)]
pub struct TargetRules {
    /// The model, as the provider calls it.
    pub model: Arc<str>,
    /// The most tokens that the model can write, where it is known.
    pub max_output: Option<u64>,
    /// Whose model it is: whose signatures it can read.
    pub vendor: Vendor,
    /// Whether a stream is to end with what was used, whatever the client asked.
    pub ask_usage: bool,
    /// What the provider does differently.
    pub quirks: TargetQuirks,
}

/// What a provider does differently from whom its wire is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a word of the catalogue
pub struct TargetQuirks {
    /// It refuses `stream_options`.
    pub no_stream_options: bool,
    /// `max_tokens` in place of `max_completion_tokens`.
    pub max_tokens: bool,
    /// It knows no role `developer`.
    pub no_developer: bool,
    /// It refuses `strict`.
    pub no_strict: bool,
    /// It refuses `parallel_tool_calls`.
    pub no_parallel: bool,
    /// It knows `json_object` alone.
    pub no_json_schema: bool,
    /// It takes `top_k`.
    pub top_k: bool,
    /// Thoughts that are played back stand in `reasoning_content`,
    pub reasoning_content: bool,
    /// or in `reasoning`.
    pub reasoning: bool,
    /// Tool calls have identifiers of nine letters and digits.
    pub tool_ids_9: bool,
    /// It takes no turns of the application among the others.
    pub no_mid_system: bool,
    /// Schemas of tools are Gemini's subset, in `parameters`.
    pub parameters_schema: bool,
    /// It refuses `n`.
    pub no_n: bool,
    /// `random_seed` in place of `seed`.
    pub random_seed: bool,
    /// Thoughts that are played back stand in the content, as a part of their own.
    pub thinking_list: bool,
    /// It refuses members that it does not know: `user`, `store`, `logit_bias` and what else is OpenAI's alone.
    pub known_members: bool,
    /// Files and sounds are parts of its own form: `document_url`, by address or data, and `input_audio` with nothing but data.
    pub document_url: bool,
    /// It goes on with a last message of the model's if that says `prefix`, and refuses one otherwise.
    pub prefix: bool,
}

/// What an answer's encoder is told of the request.
#[derive(Debug, Clone)]
pub struct AnswerContext {
    /// The model, by the name that the client calls it.
    pub model: Arc<str>,
    /// For identifiers that nobody else gives: unlike those of all other requests.
    pub id: u128,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Whether the client wants to see what was used (`stream_options.include_usage`).
    pub include_usage: bool,
    /// The request's body, as the client sent it: Responses repeats members of it.
    pub request: Bytes,
}
