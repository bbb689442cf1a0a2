//! How a stream tells that it failed.

use crate::canon::{ApiFailure, JsonText, RawMembers};

/// The failure that members of an `error` event tell, be it beside its type or in an object of its own; or those of a response.
pub(super) fn read(mut members: RawMembers) -> ApiFailure {
    let mut error = members.take_members("error").unwrap_or(members);
    ApiFailure {
        message: error.take_text("message").unwrap_or_else(|| JsonText::of("the provider says that it failed")),
        kind: error.take_text("type").filter(|kind| !kind.is("error")),
        code: error.take_text("code"),
        param: error.take_text("param"),
    }
}

/// Codes of a failed response (OpenAI's specification, `ResponseErrorCode`).
const CODES: [&str; 18] = [
    "server_error",
    "rate_limit_exceeded",
    "invalid_prompt",
    "vector_store_timeout",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_content_policy_violation",
    "invalid_image_mode",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
];

/// The code that this wire has for a failure.
pub(super) fn code(failure: &ApiFailure) -> &'static str {
    let words = || failure.code.iter().chain(&failure.kind);
    if let Some(code) = CODES.iter().find(|code| words().any(|word| word.is(code))) {
        return code;
    }
    let is_rate = |word: &JsonText| {
        let word = word.text().to_ascii_lowercase();
        ["rate_limit", "throttl", "resource_exhausted", "quota", "429"].iter().any(|part| word.contains(part))
    };
    if words().any(is_rate) { "rate_limit_exceeded" } else { "server_error" }
}
