//! The events of a streamed chat completion: what kind each is, its text, and the two changes that are ever made.
//!
//! Source: OpenAI's API reference, chat completion chunk object.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

mod template;

pub use template::Template;

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use weir_http::json::{self, Cursor, JsonError, Kind, Span};
use weir_http::sse;

use crate::answer::says_error;
use crate::splice::{Patch, splice};
use crate::usage::{self, Usage};

/// What an event is to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `[DONE]`: the stream ended well.
    Done,
    /// Usage and no choice: what `stream_options.include_usage` adds at the end. Hidden from a client that did not ask.
    UsageOnly(Usage),
    /// A part of the answer. Some providers put usage on the last one as well; [`crate::usage::of_event`] tells.
    Delta,
    /// `{"error":…}`, or an object that calls itself an error: the upstream failed.
    Error,
    /// Anything else, such as a first chunk that holds only the results of a content filter. To be passed on.
    Other,
}

/// The text that an event adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// The choice it belongs to, from 0.
    pub choice: u32,
    /// Its text; empty if it adds none (a role, a tool call, the reason of finishing). Half a surrogate pair, as
    /// providers send that cut a character in two, shows as U+FFFD.
    pub text: String,
}

/// Why an event has no text to read or replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The data is not a JSON object.
    #[error("the event's data is not a JSON object: {0}")]
    NotJson(#[from] JsonError),
    /// There is no `choices[0]`.
    #[error("the event has no choice")]
    NoChoice,
    /// `choices[0]` has no `delta` to put text into.
    #[error("the event's choice has no `delta`")]
    NoDelta,
    /// `choices[0].delta.content` is neither a string nor null.
    #[error("the event's `content` is {}, not a string", found.phrase())]
    NotText {
        /// What it is.
        found: Kind,
    },
}

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));
static CHOICES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"choices\""));

/// Tells what an event is from its name and its data, which are `data`: what is named `error` is one, in whatever shape.
pub fn kind(event: &sse::Event, data: &[u8]) -> EventKind {
    match classify(data) {
        EventKind::Done => EventKind::Done,
        _ if event.name() == Some("error") => EventKind::Error,
        kind => kind,
    }
}

/// Tells what an event is from its data. An ordinary delta costs three searches and no parse.
pub fn classify(data: &[u8]) -> EventKind {
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        return EventKind::Done;
    }
    if USAGE.find(data).is_none() && ERROR.find(data).is_none() && has_choice(data) {
        return EventKind::Delta;
    }
    let (mut choices, mut usage, mut failed) = (false, None, false);
    let read = json::outline(data, |key, span| {
        let value = span.of(data);
        if key == "choices" {
            choices = value.starts_with(b"[") && value.iter().any(|byte| !b"[] \t\r\n".contains(byte));
        } else if key == "usage" {
            usage = Some(span);
        } else if key == "error" {
            failed |= says_error(value);
        } else if key == "object" || key == "type" {
            failed |= value == b"\"error\"";
        }
    });
    match (read, usage.and_then(|span| usage::of_object(data, span))) {
        (Err(_), _) => EventKind::Other,
        (Ok(()), _) if failed => EventKind::Error,
        (Ok(()), _) if choices => EventKind::Delta,
        (Ok(()), Some(usage)) => EventKind::UsageOnly(usage),
        (Ok(()), None) => EventKind::Other,
    }
}

/// Whether `"choices":[` is there and something follows in it, by peeking. False if in doubt.
fn has_choice(data: &[u8]) -> bool {
    let Some(at) = CHOICES.find(data) else { return false };
    let rest = data.get(at + b"\"choices\"".len()..).unwrap_or_default();
    let opened = rest.trim_ascii_start().strip_prefix(b":").and_then(|rest| rest.trim_ascii_start().strip_prefix(b"["));
    opened.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}

/// The text that an event adds to its first choice.
///
/// # Errors
/// [`EventError`] if the data is not JSON or holds no choice, or a content that is not text.
pub fn delta(data: &[u8]) -> Result<Delta, EventError> {
    let place = locate(data)?;
    let text = match place.content {
        Some((span, Kind::String)) => json::string_lossy(span.of(data)).unwrap_or_default().into_owned(),
        Some((_, Kind::Null)) | None => String::new(),
        Some((_, found)) => return Err(EventError::NotText { found }),
    };
    Ok(Delta { choice: place.choice, text })
}

/// The event's data with this text in place of its own; every other byte stays, but for the tokens of `logprobs`, which
/// repeat the text that was there and become null. An event without content gets one.
///
/// # Errors
/// As [`delta`], and [`EventError::NoDelta`] if there is nothing to put text into.
pub fn with_text(data: &[u8], text: &str) -> Result<Bytes, EventError> {
    let place = locate(data)?;
    let patch = match (place.content, place.delta) {
        (Some((span, Kind::String | Kind::Null)), _) => (span, Patch::Quoted("", text, "")),
        (Some((_, found)), _) => return Err(EventError::NotText { found }),
        (None, Some((span, Kind::Null))) => (span, Patch::Quoted("{\"content\":", text, "}")),
        (None, Some((span, Kind::Object))) => {
            let inside = Span { start: span.start + 1, end: span.start + 1 };
            let after = if place.delta_is_empty { "" } else { "," };
            (inside, Patch::Quoted("\"content\":", text, after))
        }
        (None, _) => return Err(EventError::NoDelta),
    };
    let Some(tokens) = place.tokens else { return Ok(splice(data, &[patch])) };
    let mut patches = [patch, (tokens, Patch::Json("null"))];
    patches.sort_unstable_by_key(|(span, _)| span.start);
    Ok(splice(data, &patches))
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

/// Where things stand in an event.
#[derive(Default)]
struct Place {
    choice: u32,
    delta: Option<(Span, Kind)>,
    delta_is_empty: bool,
    content: Option<(Span, Kind)>,
    /// `logprobs`, if there are any.
    tokens: Option<Span>,
}

/// One pass over the data, which is checked to its end, and has no name twice in one object.
fn locate(data: &[u8]) -> Result<Place, EventError> {
    let mut cursor = Cursor::new(data)?.unique();
    cursor.enter_object()?;
    let mut place = None;
    while let Some(key) = cursor.next_key()? {
        if key == "choices" && cursor.kind()? == Kind::Array {
            place = first_choice(&mut cursor, data)?;
        } else {
            if key == "choices" {
                place = None;
            }
            cursor.skip()?;
        }
    }
    cursor.finish()?;
    place.ok_or(EventError::NoChoice)
}

/// What the first choice of the array holds that the cursor is at, if that choice is an object.
fn first_choice(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<Option<Place>, JsonError> {
    cursor.enter_array()?;
    let mut first = None;
    let mut seen = false;
    while cursor.next_element()? {
        if !seen && cursor.kind()? == Kind::Object {
            first = Some(choice(cursor, data)?);
        } else {
            cursor.skip()?;
        }
        seen = true;
    }
    Ok(first)
}

fn choice(cursor: &mut Cursor<'_>, data: &[u8]) -> Result<Place, JsonError> {
    let mut place = Place::default();
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        if key == "delta" && cursor.kind()? == Kind::Object {
            place = Place { choice: place.choice, tokens: place.tokens, ..delta_of(cursor)? };
            continue;
        }
        let (span, kind) = cursor.skip()?;
        if key == "index" {
            place.choice = json::unsigned(span.of(data)).and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        } else if key == "delta" {
            place = Place { choice: place.choice, tokens: place.tokens, delta: Some((span, kind)), ..Place::default() };
        } else if key == "logprobs" {
            place.tokens = (kind != Kind::Null).then_some(span);
        }
    }
    Ok(place)
}

fn delta_of(cursor: &mut Cursor<'_>) -> Result<Place, JsonError> {
    let start = cursor.at();
    let mut place = Place { delta_is_empty: true, ..Place::default() };
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let value = cursor.skip()?;
        place.delta_is_empty = false;
        if key == "content" {
            place.content = Some(value);
        }
    }
    place.delta = Some((Span { start, end: cursor.at() }, Kind::Object));
    Ok(place)
}
