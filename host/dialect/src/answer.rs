//! What a whole answer is. An upstream that says 200 may have sent an error all the same, a page of a proxy, or half of
//! what it meant to send; this is the one place that tells.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

mod account;
pub(crate) mod choice;
mod error;
mod shape;

pub use account::{AccountBlame, blame};
pub(crate) use error::may_say_error;
pub use shape::AnswerShapes;

use bytes::Bytes;
use weir_http::json::{self, OutlineError, Span};
use weir_usage::Usage;

use crate::usage;
use crate::{DialectCall, Document, Operation};
use choice::ChoiceState;
use error::{is_error, says_error};

/// What came as the body of a successful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// What was asked for, to its last byte.
    Complete,
    /// An error in place of it, or in place of every one of its choices.
    Error,
    /// Something else in place of it: a page, a text, nothing at all, or an object without an answer in it.
    NoAnswer,
    /// A JSON object that breaks off, whatever its framing says.
    Cut,
}

/// What is known of the body of a successful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerReading {
    /// What it is. Of what is not complete the rest is nothing.
    pub answer: AnswerKind,
    /// The tokens that it reports.
    pub usage: Option<Usage>,
    /// Unless that says all that is to be known, the bytes of its text, for an estimate.
    pub text: usize,
    /// It has the shape of one that was JSON to its last byte with no name twice in one object: so is it, if what its
    /// strings hold is valid.
    pub is_known: bool,
}

impl AnswerReading {
    /// Reads a body in full.
    pub(crate) fn of(operation: Operation, body: &[u8]) -> Self {
        let Look { answer, usage: reported, .. } = look(operation, body, may_say_error(body));
        let (usage, text) = match answer {
            AnswerKind::Complete => {
                let reported = reported.and_then(|span| usage::of_object(body, span));
                usage::of_answer(operation, reported, body)
            }
            AnswerKind::Error | AnswerKind::NoAnswer | AnswerKind::Cut => (None, 0),
        };
        Self { answer, usage, text, is_known: false }
    }

    /// The answer for plugins to look into. A byte order mark in front is left behind (RFC 8259 section 8.1).
    pub fn document(&self, call: DialectCall, body: Bytes) -> Document {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let body = if body.starts_with(MARK) { body.slice(MARK.len()..) } else { body };
        let is_readable = self.is_known && json::strings_are_valid(&body);
        let document = Document::response(call, body);
        if is_readable { document.known_readable() } else { document }
    }
}

/// Judges the body of a successful answer. Complete is an object that is closed, says no error, and has an answer in it:
/// something in `choices`, or in `data` where embeddings were asked for, that does not say itself that it failed. One pass
/// that reads no further than it must.
///
/// Source: OpenAI's API reference, chat completion object and list of embeddings.
pub(crate) fn judge(operation: Operation, body: &[u8]) -> AnswerKind {
    look(operation, body, may_say_error(body)).answer
}

/// Which choices say that they failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedChoices {
    /// None does.
    None,
    /// Some did, and others are an answer.
    Some,
    /// Each does: there is no answer.
    All,
}

/// What the outermost members of a whole answer, or of an event's data, say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) answer: AnswerKind,
    /// Of its choices, unless all of it is an error anyway.
    pub(crate) failed: FailedChoices,
    /// Where it says what it used.
    pub(crate) usage: Option<Span>,
}

/// The judgement, of whole answers and of events alike. `may_fail` is what [`may_say_error`] says of the body.
pub(crate) fn look(operation: Operation, body: &[u8], may_fail: bool) -> Look {
    let wanted = match operation {
        Operation::Chat => "choices",
        Operation::Embed => "data",
    };
    let (mut answered, mut error, mut usage) = (None, false, None);
    let outline = json::outline(body, |key, span| {
        let value = span.of(body);
        if key == wanted {
            answered = has_elements(value).then_some(span);
        } else if key == "error" {
            error |= says_error(value);
        } else if key == "object" || key == "type" {
            error |= is_error(value);
        } else if key == "usage" {
            usage = Some(span);
        }
    });
    let failed = match (outline, answered) {
        (Ok(()), Some(choices)) if may_fail && !error => failed(body, choices),
        _ => FailedChoices::None,
    };
    let answer = match outline {
        Err(OutlineError::Open) => AnswerKind::Cut,
        Err(OutlineError::NotObject) => AnswerKind::NoAnswer,
        Ok(()) if error || failed == FailedChoices::All => AnswerKind::Error,
        Ok(()) if answered.is_some() => AnswerKind::Complete,
        Ok(()) => AnswerKind::NoAnswer,
    };
    Look { answer, failed, usage }
}

/// Which of the choices at this place failed.
fn failed(body: &[u8], choices: Span) -> FailedChoices {
    let (mut any, mut all) = (false, true);
    choice::each_in(body, choices, |_, state| {
        let failed = state == ChoiceState::Failed;
        any |= failed;
        all &= failed;
    });
    match (any, all) {
        (false, _) => FailedChoices::None,
        (true, false) => FailedChoices::Some,
        (true, true) => FailedChoices::All,
    }
}

/// Whether what came is a JSON object that is closed: all of it, whatever its framing says.
pub fn is_whole(body: &[u8]) -> bool {
    json::outline(body, |_, _| {}).is_ok()
}

/// Whether a value is an array that begins with what choices and embeddings are, an object.
fn has_elements(value: &[u8]) -> bool {
    let inside = value.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    inside.and_then(<[u8]>::first) == Some(&b'{')
}
