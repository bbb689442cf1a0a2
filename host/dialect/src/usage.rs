//! What an answer cost in tokens, as its provider reports it.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use weir_http::json::{self, Cursor, JsonKind, JsonSyntaxError, Span};
use weir_usage::Usage;

use crate::Operation;

pub(crate) mod text;

pub(crate) use text::plain;
pub use text::text_bytes;

/// What an embedding used, of which nothing is written.
fn of_embedding(reported: Usage) -> Usage {
    Usage { input: reported.input.or(reported.total), output: Some(0), reasoning: None, ..reported }
}

/// What is known of a whole answer's tokens: what it reports, and unless that is all, the bytes of its text for an estimate.
pub(crate) fn of_answer(operation: Operation, reported: Option<Usage>, body: &[u8]) -> (Option<Usage>, usize) {
    match operation {
        // Its numbers are no text.
        Operation::Embed => (Some(of_embedding(reported.unwrap_or_default())), 0),
        Operation::Chat if reported.is_some_and(|reported| reported.is_whole()) => (reported, 0),
        Operation::Chat => (reported, text_bytes(body)),
    }
}

/// The usage in the data of a stream's event: the same member, null on most events.
///
/// What stands beside it decides nothing, be it JSON or not, as long as the object is closed. None if it counts no tokens.
/// Zeros that the provider reports are zeros.
///
/// Source: OpenAI's chat completion chunk object, with `stream_options.include_usage`.
pub fn of_event(data: &[u8]) -> Option<Usage> {
    // An event without the word needs no pass.
    NAME.find(data)?;
    let mut usage = None;
    let outline = json::outline(data, |key, span| {
        if key == "usage" {
            usage = Some(span);
        }
    });
    outline.ok().and_then(|()| of_object(data, usage?))
}

/// The name as it stands in an event. Within a string its quotes would have backslashes, so this is never part of one.
static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));

/// The counts in the `usage` object at `span`; none if another value stands there, or one that is no JSON.
pub(crate) fn of_object(body: &[u8], span: Span) -> Option<Usage> {
    Counts::read(&mut Cursor::within(body, span), body).ok()?.usage()
}

/// What a `usage` object says.
#[derive(Default)]
struct Counts {
    /// It counts tokens, be it with numbers that cannot be.
    counts: bool,
    usage: Usage,
}

impl Counts {
    /// Reads the object that the cursor is at.
    fn read(cursor: &mut Cursor<'_>, body: &[u8]) -> Result<Self, JsonSyntaxError> {
        let mut read = Self::default();
        cursor.enter_object()?;
        while let Some(key) = cursor.next_key()? {
            let kind = cursor.kind()?;
            if kind == JsonKind::Object && key == "prompt_tokens_details" {
                read.usage.cached_input = number_in(cursor, body, "cached_tokens")?;
                continue;
            }
            if kind == JsonKind::Object && key == "completion_tokens_details" {
                read.usage.reasoning = number_in(cursor, body, "reasoning_tokens")?;
                continue;
            }
            let (span, _) = cursor.skip()?;
            if kind != JsonKind::Number {
                continue;
            }
            let place = if key == "prompt_tokens" {
                &mut read.usage.input
            } else if key == "completion_tokens" {
                &mut read.usage.output
            } else if key == "total_tokens" {
                &mut read.usage.total
            } else {
                continue;
            };
            *place = tokens(span.of(body));
            read.counts = true;
        }
        Ok(read)
    }

    fn usage(&self) -> Option<Usage> {
        self.counts.then_some(self.usage)
    }
}

/// The number of this name in the object that the cursor is at.
fn number_in(cursor: &mut Cursor<'_>, body: &[u8], name: &str) -> Result<Option<u64>, JsonSyntaxError> {
    let mut value = None;
    cursor.enter_object()?;
    while let Some(key) = cursor.next_key()? {
        let (span, _) = cursor.skip()?;
        if key == *name {
            value = tokens(span.of(body));
        }
    }
    Ok(value)
}

/// A number token as a count of tokens, if it can be one.
fn tokens(token: &[u8]) -> Option<u64> {
    whole(token).filter(|count| *count <= Usage::MOST)
}

/// A number token as a whole number, `12.0` and `1e2` included, from 0 to 2⁵³ if it is not plain digits.
pub(crate) fn whole(token: &[u8]) -> Option<u64> {
    if let Some(value) = json::unsigned(token) {
        return Some(value);
    }
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let value: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=EXACT).contains(&value)).then_some(value as u64)
}
