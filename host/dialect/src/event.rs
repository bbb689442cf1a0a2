//! The events of a streamed chat completion: what kind each is, its text, and the two changes that are ever made.
//!
//! Source: OpenAI's API reference, chat completion chunk object.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

mod delta;
mod error;
mod read;
mod says;
mod split;
mod template;

pub use delta::Delta;
pub use error::EventError;
pub use says::{OpenText, Says, TextStep, says_more};
pub use split::{Choices, choices};
pub(crate) use template::Template;

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use weir_http::json::{self, JsonKind, Span};
use weir_http::sse;
use weir_usage::Usage;

use crate::Operation;
use crate::answer::{self, AnswerKind, FailedChoices, Look};
use crate::splice::{Patch, splice};
use crate::usage;
use read::ChoiceAt;

/// What an event is to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// `[DONE]`: the stream ended well.
    Done,
    /// Usage and no choice: what `stream_options.include_usage` adds at the end. Hidden from a client that did not ask.
    UsageOnly(Usage),
    /// A part of the answer. Some providers put usage on the last one as well; [`crate::usage::of_event`] tells.
    Delta,
    /// A part of an answer in which a choice says that it failed. There may be others: in it, unless `all` of its choices do,
    /// and in other events where several were asked for.
    ChoiceFailed {
        /// Every choice that is in it.
        all: bool,
    },
    /// `{"error":…}`, or an object that calls itself an error: the upstream failed.
    Error,
    /// Anything else, such as a first chunk that holds only the results of a content filter. To be passed on.
    Other,
}

const DONE: &[u8] = b"[DONE]";
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static CHOICES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"choices\""));
static LOGPROBS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"logprobs\""));

/// Tells what an event is from its name and its data, which are `data`: what is named `error` is one, in whatever shape.
pub(crate) fn kind(event: &sse::SseEvent, data: &[u8]) -> EventKind {
    named(event, classify(data))
}

/// The same, from all that the data say: what a stream begins with is read, for it decides whether another target is asked.
/// A cut object, and one that has choices somewhere within, is no part of an answer here.
pub(crate) fn read_kind(event: &sse::SseEvent, data: &[u8]) -> EventKind {
    let data = data.trim_ascii();
    named(event, if data == DONE { EventKind::Done } else { read_data(data, answer::may_say_error(data)) })
}

fn named(event: &sse::SseEvent, kind: EventKind) -> EventKind {
    match kind {
        EventKind::Done => EventKind::Done,
        _ if event.name() == Some("error") => EventKind::Error,
        kind => kind,
    }
}

/// Tells what an event is from its data. An ordinary delta costs a few searches and no parse.
pub(crate) fn classify(data: &[u8]) -> EventKind {
    let data = data.trim_ascii();
    if data == DONE {
        return EventKind::Done;
    }
    let may_fail = answer::may_say_error(data);
    if !may_fail && USAGE.find(data).is_none() && has_choice(data) {
        return EventKind::Delta;
    }
    read_data(data, may_fail)
}

/// By the judgement of whole answers.
fn read_data(data: &[u8], may_fail: bool) -> EventKind {
    let Look { answer, failed, usage } = answer::look(Operation::Chat, data, may_fail);
    match (answer, failed) {
        (AnswerKind::Complete, FailedChoices::None) => EventKind::Delta,
        (AnswerKind::Complete, _) => EventKind::ChoiceFailed { all: false },
        (AnswerKind::Error, FailedChoices::All) => EventKind::ChoiceFailed { all: true },
        (AnswerKind::Error, _) => EventKind::Error,
        (AnswerKind::NoAnswer, _) => {
            let usage = usage.and_then(|span| usage::of_object(data, span));
            usage.map_or(EventKind::Other, EventKind::UsageOnly)
        }
        (AnswerKind::Cut, _) => EventKind::Other,
    }
}

/// Whether `"choices":[` is there and something follows in it, by peeking. False if in doubt.
fn has_choice(data: &[u8]) -> bool {
    let Some(at) = CHOICES.find(data) else { return false };
    let rest = data.get(at + b"\"choices\"".len()..).unwrap_or_default();
    let opened = rest.trim_ascii_start().strip_prefix(b":").and_then(|rest| rest.trim_ascii_start().strip_prefix(b"["));
    opened.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}

/// What an event adds to its one choice.
///
/// # Errors
/// [`EventError`] if the data is not JSON, or holds no choice or several.
pub fn delta(data: &Bytes) -> Result<Delta, EventError> {
    Delta::at(data, &only(data)?)
}

/// The one choice of an event.
fn only(data: &[u8]) -> Result<ChoiceAt, EventError> {
    match read::places(data)?.as_slice() {
        [] => Err(EventError::NoChoice),
        [place] => Ok(*place),
        _ => Err(EventError::SeveralChoices),
    }
}

/// The event's data with this text in place of its own content; every other byte stays, but for the tokens of `logprobs`,
/// which repeat the text that was there and become null. An event without content gets one; where the content is an array
/// the text stands in its first text part, and the others are empty.
///
/// # Errors
/// As [`delta`], and [`EventError::NoDelta`] if there is nothing to put text into.
pub fn with_text(data: &[u8], text: &str) -> Result<Bytes, EventError> {
    let place = only(data)?;
    let inside = |span: Span| Span { start: span.start + 1, end: span.start + 1 };
    let mut patches = match (place.content, place.delta) {
        (Some((span, JsonKind::Array)), _) => with_parts(data, span, text)?,
        (Some((span, _)), _) => vec![(span, Patch::Quoted("", text, ""))],
        (None, Some((span, JsonKind::Null))) => vec![(span, Patch::Quoted("{\"content\":", text, "}"))],
        (None, Some((span, JsonKind::Object))) => {
            let after = if place.delta_is_empty { "" } else { "," };
            vec![(inside(span), Patch::Quoted("\"content\":", text, after))]
        }
        (None, _) => return Err(EventError::NoDelta),
    };
    patches.extend(place.tokens.map(|tokens| (tokens, Patch::Json("null"))));
    patches.sort_unstable_by_key(|(span, _)| span.start);
    Ok(splice(data, &patches))
}

/// The same for the array at this place.
fn with_parts<'a>(data: &[u8], span: Span, text: &'a str) -> Result<Vec<(Span, Patch<'a>)>, EventError> {
    let mut parts = Vec::new();
    read::text_parts(data, span, &mut parts)?;
    if parts.is_empty() {
        let inside = Span { start: span.start + 1, end: span.start + 1 };
        let rest = data.get(inside.end..span.end).unwrap_or_default();
        let after = if rest.trim_ascii_start().starts_with(b"]") { "}" } else { "}," };
        return Ok(vec![(inside, Patch::Quoted("{\"type\":\"text\",\"text\":", text, after))]);
    }
    let each = parts.iter().enumerate();
    Ok(each.map(|(n, part)| (*part, Patch::Quoted("", if n == 0 { text } else { "" }, ""))).collect())
}

/// The event's data without the tokens of its one choice, if it has any: `logprobs` become null.
pub fn without_tokens(data: &Bytes) -> Option<Bytes> {
    // A name may be written with escapes.
    if LOGPROBS.find(data).is_none() && memchr::memchr(b'\\', data).is_none() {
        return None;
    }
    let tokens = only(data).ok()?.tokens?;
    Some(splice(data, &[(tokens, Patch::Json("null"))]))
}

/// The event's data with `null` in place of usage, for a client that did not ask for any: some providers put it on the
/// last delta. The same bytes, shared, if there is none.
pub fn without_usage(data: &Bytes) -> Bytes {
    if USAGE.find(data).is_none() {
        return data.clone();
    }
    let mut patches = Vec::new();
    let read = json::outline(data, |key, span| {
        if key == "usage" && span.of(data) != b"null" {
            patches.push((span, Patch::Json("null")));
        }
    });
    if read.is_err() || patches.is_empty() { data.clone() } else { splice(data, &patches) }
}
