//! Failures within streams (`ErrorResponse` in Anthropic's specification).

use crate::canon::{ApiFailure, JsonText, JsonWriter, RawJson};

/// Reads the `error` of an event.
pub(super) fn read(error: Option<&RawJson>) -> ApiFailure {
    let members = error.map(RawJson::members).unwrap_or_default();
    let text = |name| members.get(name).and_then(RawJson::text);
    ApiFailure {
        message: text("message").or_else(|| error.and_then(RawJson::text)).unwrap_or_default(),
        kind: text("type"),
        code: text("code"),
        param: None,
    }
}

/// Writes the event.
pub(super) fn write(failure: &ApiFailure) -> JsonWriter {
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 80);
    out.open().name("type").string("error").name("error").open();
    out.name("type").string(kind(failure)).name("message").text(&failure.message).close().close();
    out
}

/// The types that clients know (Anthropic's API reference, Errors), each with what other providers call the same.
const KINDS: [(&str, &[&str]); 9] = [
    (
        "overloaded_error",
        &["overloaded_error", "unavailable", "serviceunavailableexception", "server_overloaded", "slow_down"],
    ),
    (
        "rate_limit_error",
        &["rate_limit_error", "rate_limit_exceeded", "resource_exhausted", "throttlingexception", "insufficient_quota"],
    ),
    (
        "invalid_request_error",
        &["invalid_request_error", "invalid_argument", "validationexception", "failed_precondition", "invalid_prompt"],
    ),
    ("authentication_error", &["authentication_error", "unauthenticated"]),
    ("permission_error", &["permission_error", "permission_denied", "accessdeniedexception"]),
    ("not_found_error", &["not_found_error", "not_found", "resourcenotfoundexception", "model_not_found"]),
    ("timeout_error", &["timeout_error", "deadline_exceeded", "modeltimeoutexception"]),
    ("billing_error", &["billing_error"]),
    ("request_too_large", &["request_too_large"]),
];

fn kind(failure: &ApiFailure) -> &'static str {
    let word = |text: &JsonText| {
        let own = text.text().to_ascii_lowercase();
        KINDS.iter().find(|(_, words)| words.contains(&own.as_str())).map(|(kind, _)| *kind)
    };
    failure.code.as_ref().and_then(word).or_else(|| failure.kind.as_ref().and_then(word)).unwrap_or("api_error")
}
