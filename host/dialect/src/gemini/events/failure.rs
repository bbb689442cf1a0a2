//! What a stream says of its failure.

use crate::canon::{ApiFailure, JsonText, JsonWriter, RawJson, RawMembers};

/// Google's statuses with their codes, and words of other wires for the same. Source: `google.rpc.Code`, by which Google's APIs
/// answer.
const STATUSES: [(&str, u64, &[&str]); 9] = [
    ("INVALID_ARGUMENT", 400, &["invalid_request_error", "validationException", "ValidationException"]),
    ("FAILED_PRECONDITION", 400, &[]),
    ("UNAUTHENTICATED", 401, &["authentication_error"]),
    ("PERMISSION_DENIED", 403, &["permission_error", "AccessDeniedException"]),
    ("NOT_FOUND", 404, &["not_found_error", "ResourceNotFoundException"]),
    (
        "RESOURCE_EXHAUSTED",
        429,
        &["rate_limit_error", "rate_limit_exceeded", "throttlingException", "ThrottlingException"],
    ),
    ("UNAVAILABLE", 503, &["overloaded_error", "serviceUnavailableException", "ServiceUnavailableException"]),
    ("DEADLINE_EXCEEDED", 504, &["timeout_error", "modelTimeoutException", "ModelTimeoutException"]),
    ("INTERNAL", 500, &[]),
];

/// Reads an `error`.
pub(super) fn read(error: &RawMembers) -> ApiFailure {
    let code = error.get("code").filter(|raw| !raw.is_null());
    ApiFailure {
        message: error.get("message").and_then(RawJson::text).unwrap_or_default(),
        kind: error.get("status").and_then(RawJson::text),
        code: code.map(|raw| raw.text().unwrap_or_else(|| raw.to_text())),
        param: None,
    }
}

/// Writes an `error`.
pub(super) fn write(failure: &ApiFailure, out: &mut JsonWriter) {
    let is = |word: &JsonText| {
        let row = |(status, _, words): &&(&str, u64, &[&str])| word.is(status) || words.iter().any(|own| word.is(own));
        STATUSES.iter().find(row)
    };
    let known = [&failure.kind, &failure.code].into_iter().flatten().find_map(is);
    let (status, due) = known.map_or(("INTERNAL", 500), |(status, code, _)| (*status, *code));
    let said = failure.code.as_ref().and_then(|code| code.text().parse().ok());
    let code = said.filter(|code| (400..600).contains(code)).unwrap_or(due);
    out.open().name("error").open();
    out.name("code").number(code).name("message").text(&failure.message).name("status").string(status);
    out.close().close();
}
