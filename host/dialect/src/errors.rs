//! Failures, read whatever a provider calls them, and told in the words of a client's dialect.
//!
//! [`read`] makes one [`ApiFailure`] of any body; [`kind_of`] says what it is; [`render`] and [`event`] write it, whole or within a
//! stream, so that a client's library raises what it would raise at the provider that its dialect is of.

mod anthropic;
mod bedrock;
mod gemini;
mod kinds;
mod openai;
mod read;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonText, NewEvent};
use crate::refusal::{ApiError, ApiErrorKind};
use crate::wire::WireFormat;

pub use kinds::kind_of;
pub use read::read;

/// An error answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorParts {
    /// Its status, which is not always the one that was given: Bedrock says 403 where others say 401.
    pub status: u16,
    /// Its body, `application/json`.
    pub body: Bytes,
    /// A field that the dialect's libraries look at.
    pub header: Option<(&'static str, &'static str)>,
}

/// What the gateway itself refuses, as a failure like others.
#[must_use]
pub fn own(error: &ApiError<'_>) -> ApiFailure {
    ApiFailure {
        message: JsonText::of(error.message),
        kind: None,
        code: Some(JsonText::of(error.code)),
        param: error.param.map(JsonText::of),
    }
}

/// The error answer of this kind in the dialect of a client's wire. `request_id` is the request's own, for dialects that name
/// it in the body.
#[must_use]
pub fn render(
    wire: WireFormat,
    status: u16,
    kind: ApiErrorKind,
    failure: &ApiFailure,
    request_id: Option<&str>,
) -> ErrorParts {
    match wire {
        // Nobody is told in a wire that no client speaks.
        WireFormat::Chat | WireFormat::Responses | WireFormat::CohereChat | WireFormat::OllamaChat => {
            ErrorParts { status, body: openai::body(kind, failure), header: None }
        }
        WireFormat::Messages => ErrorParts { status, body: anthropic::body(kind, failure, request_id), header: None },
        WireFormat::GenerateContent => ErrorParts { status, body: gemini::body(status, kind, failure), header: None },
        WireFormat::Converse => ErrorParts {
            status: bedrock::status(status),
            body: bedrock::body(failure),
            header: Some(bedrock::header(kind)),
        },
    }
}

/// The same as an event of a stream, before its framing. `sequence` is the number of the next event, which OpenAI's responses say.
/// Nothing may follow it, least of all what ends a good stream.
#[must_use]
pub fn event(wire: WireFormat, status: u16, kind: ApiErrorKind, failure: &ApiFailure, sequence: u64) -> NewEvent {
    match wire {
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {
            NewEvent { name: None, data: openai::body(kind, failure) }
        }
        WireFormat::Responses => NewEvent { name: Some("error"), data: openai::event(failure, sequence) },
        WireFormat::Messages => NewEvent { name: Some("error"), data: anthropic::body(kind, failure, None) },
        WireFormat::GenerateContent => NewEvent { name: None, data: gemini::body(status, kind, failure) },
        WireFormat::Converse => bedrock::event(kind, failure),
    }
}
