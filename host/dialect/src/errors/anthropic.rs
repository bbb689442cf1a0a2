//! Anthropic's shape: `{"type":"error","error":{"type","message"},"request_id"}` (API reference, Errors).

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonWriter};
use crate::refusal::ApiErrorKind;

/// `error.type`.
fn word(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::Invalid | ApiErrorKind::Unprocessable | ApiErrorKind::Conflict => "invalid_request_error",
        ApiErrorKind::Auth => "authentication_error",
        ApiErrorKind::Permission => "permission_error",
        ApiErrorKind::NotFound => "not_found_error",
        ApiErrorKind::TooLarge => "request_too_large",
        ApiErrorKind::Rate => "rate_limit_error",
        ApiErrorKind::Quota => "billing_error",
        ApiErrorKind::Overloaded => "overloaded_error",
        ApiErrorKind::Timeout => "timeout_error",
        ApiErrorKind::Api => "api_error",
    }
}

pub(super) fn body(kind: ApiErrorKind, failure: &ApiFailure, request_id: Option<&str>) -> Bytes {
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 96);
    out.open().name("type").string("error").name("error").open();
    out.name("type").string(word(kind)).name("message").text(&failure.message).close();
    out.name("request_id");
    match request_id {
        Some(id) => out.string(id),
        None => out.null(),
    };
    out.close();
    out.finish()
}
