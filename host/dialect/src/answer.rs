//! What a whole answer is. An upstream that says 200 may have sent an error all the same, a page of a proxy, or half of
//! what it meant to send; this is the one place that tells.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

mod shape;

pub use shape::AnswerShapes;

use bytes::Bytes;
use weir_http::json::{self, OutlineError, Span};

use crate::usage::{self, Usage};
use crate::{Document, Endpoint};

/// What came as the body of a successful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// What was asked for, to its last byte.
    Complete,
    /// An error in place of it.
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
    /// strings hold is lawful.
    pub is_known: bool,
}

impl AnswerReading {
    /// Reads a body in full.
    pub fn of(endpoint: Endpoint, body: &[u8]) -> Self {
        let (answer, reported) = look(endpoint, body);
        let (usage, text) = match answer {
            AnswerKind::Complete => {
                let reported = reported.and_then(|span| usage::of_object(body, span));
                usage::of_answer(endpoint, reported, body)
            }
            AnswerKind::Error | AnswerKind::NoAnswer | AnswerKind::Cut => (None, 0),
        };
        Self { answer, usage, text, is_known: false }
    }

    /// The answer for plugins to look into. A byte order mark in front is left behind (RFC 8259 section 8.1).
    pub fn document(&self, endpoint: Endpoint, body: Bytes) -> Document {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let body = if body.starts_with(MARK) { body.slice(MARK.len()..) } else { body };
        let is_readable = self.is_known && json::strings_are_lawful(&body);
        let document = Document::response(endpoint, body);
        if is_readable { document.known_readable() } else { document }
    }
}

/// Judges the body of a successful answer. Complete is an object that is closed, says no error, and has an answer in it:
/// something in `choices`, or in `data` where embeddings were asked for. One pass that reads no further than it must.
///
/// Source: OpenAI's API reference, chat completion object and list of embeddings.
pub fn judge(endpoint: Endpoint, body: &[u8]) -> AnswerKind {
    look(endpoint, body).0
}

/// The judgement, and where the answer says what it used.
fn look(endpoint: Endpoint, body: &[u8]) -> (AnswerKind, Option<Span>) {
    let wanted = match endpoint {
        Endpoint::Chat => "choices",
        Endpoint::Embeddings => "data",
    };
    let (mut answered, mut failed, mut usage) = (false, false, None);
    let outline = json::outline(body, |key, span| {
        let value = span.of(body);
        if key == wanted {
            answered = has_elements(value);
        } else if key == "error" {
            failed |= says_error(value);
        } else if key == "object" || key == "type" {
            failed |= value == b"\"error\"";
        } else if key == "usage" {
            usage = Some(span);
        }
    });
    let answer = match outline {
        Err(OutlineError::Open) => AnswerKind::Cut,
        Err(OutlineError::NotObject) => AnswerKind::NoAnswer,
        Ok(()) if failed => AnswerKind::Error,
        Ok(()) if answered => AnswerKind::Complete,
        Ok(()) => AnswerKind::NoAnswer,
    };
    (answer, usage)
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

/// Whether the value of `error` says that there was one. Some servers always send the member, with nothing in it.
pub(crate) fn says_error(value: &[u8]) -> bool {
    if is_blank(value) {
        return false;
    }
    if value.first() != Some(&b'{') {
        return true;
    }
    let mut says = false;
    let outline = json::outline(value, |_, span| says |= !is_blank(span.of(value)));
    says || outline.is_err()
}

fn is_blank(value: &[u8]) -> bool {
    let is_empty = |open: &[u8], close: &[u8]| {
        let inside = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inside.is_some_and(|inside| inside.trim_ascii().is_empty())
    };
    matches!(value, b"" | b"null" | b"false" | b"0" | b"\"\"") || is_empty(b"{", b"}") || is_empty(b"[", b"]")
}

/// Codes and types of errors that are about the account at the provider, which is the gateway's: its key, its credit.
/// Providers send them with statuses that otherwise mean the request or its rate.
const ACCOUNT: [&[u8]; 11] = [
    // OpenAI
    b"\"insufficient_quota\"",
    b"\"billing_not_active\"",
    b"\"billing_hard_limit_reached\"",
    b"\"account_deactivated\"",
    b"\"access_terminated\"",
    b"\"invalid_api_key\"",
    // Groq
    b"\"organization_restricted\"",
    // Moonshot
    b"\"exceeded_current_quota_error\"",
    // DeepSeek, Alibaba, Volcengine
    b"\"insufficient_balance\"",
    b"\"Arrearage\"",
    b"\"AccountOverdueError\"",
];

/// Whether the body of a refusal says that the provider does not serve the gateway's account: `code` or `type`, of the
/// `error` or of the object itself, is one of a few names. What the error's text says decides nothing, for clients have a
/// hand in it.
pub fn blames_account(body: &[u8]) -> bool {
    let mut error = None;
    let mut blames = false;
    let outline = json::outline(body, |key, span| {
        if key == "error" {
            error = Some(span);
        }
        blames |= (key == "code" || key == "type") && ACCOUNT.contains(&span.of(body));
    });
    let within = error.map(|span: Span| span.of(body)).filter(|value| value.first() == Some(&b'{'));
    if let Some(error) = within {
        let _ = json::outline(error, |key, span| {
            blames |= (key == "code" || key == "type") && ACCOUNT.contains(&span.of(error));
        });
    }
    blames && outline.is_ok()
}
