//! Bedrock's shape: `{"message"}`, with the exception's name in `x-amzn-errortype` (Bedrock runtime API reference, Common errors;
//! Converse, Errors); within a stream an exception of `ConverseStreamOutput`.

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonWriter, NewEvent};
use crate::refusal::ApiErrorKind;

/// The field of an answer that names the exception.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The exception.
fn word(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::Invalid | ApiErrorKind::Unprocessable | ApiErrorKind::TooLarge => "ValidationException",
        ApiErrorKind::Conflict => "ConflictException",
        ApiErrorKind::Auth => "UnrecognizedClientException",
        ApiErrorKind::Permission => "AccessDeniedException",
        ApiErrorKind::NotFound => "ResourceNotFoundException",
        ApiErrorKind::Rate => "ThrottlingException",
        ApiErrorKind::Quota => "ServiceQuotaExceededException",
        ApiErrorKind::Overloaded => "ServiceUnavailableException",
        ApiErrorKind::Timeout => "ModelTimeoutException",
        ApiErrorKind::Api => "InternalServerException",
    }
}

/// The exceptions of streams.
const OF_STREAMS: [&str; 5] = [
    "validationException",
    "throttlingException",
    "serviceUnavailableException",
    "modelStreamErrorException",
    "internalServerException",
];

/// The exception of a stream.
fn event_word(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::Invalid
        | ApiErrorKind::Unprocessable
        | ApiErrorKind::TooLarge
        | ApiErrorKind::Conflict
        | ApiErrorKind::NotFound => "validationException",
        ApiErrorKind::Rate | ApiErrorKind::Quota => "throttlingException",
        ApiErrorKind::Overloaded | ApiErrorKind::Timeout => "serviceUnavailableException",
        ApiErrorKind::Auth | ApiErrorKind::Permission => "modelStreamErrorException",
        ApiErrorKind::Api => "internalServerException",
    }
}

/// Bedrock says 403 where others say 401.
pub(super) fn status(status: u16) -> u16 {
    if status == 401 { 403 } else { status }
}

/// The field that names the exception.
pub(super) fn header(kind: ApiErrorKind) -> (&'static str, &'static str) {
    (ERROR_TYPE, word(kind))
}

/// Its name ends in `Exception`, by which the framing knows that it is one.
pub(super) fn event(kind: ApiErrorKind, failure: &ApiFailure) -> NewEvent {
    let as_it_was = OF_STREAMS.into_iter().find(|name| failure.kind.as_ref().is_some_and(|kind| kind.is(name)));
    NewEvent { name: Some(as_it_was.unwrap_or_else(|| event_word(kind))), data: body(failure) }
}

pub(super) fn body(failure: &ApiFailure) -> Bytes {
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 16);
    out.open().name("message").text(&failure.message).close();
    out.finish()
}
