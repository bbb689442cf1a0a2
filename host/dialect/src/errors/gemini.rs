//! Google's shape: `{"error":{"code","message","status"}}` (API design guide, "Errors"). A code of ours or of another provider's is
//! the `reason` of an `ErrorInfo`, which is in capitals there.

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonWriter};
use crate::refusal::ApiErrorKind;

/// Whose reasons these are, where Google has its own services.
const DOMAIN: &str = "weir";

/// `error.status`.
fn word(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::Invalid | ApiErrorKind::Unprocessable | ApiErrorKind::TooLarge => "INVALID_ARGUMENT",
        ApiErrorKind::Conflict => "ABORTED",
        ApiErrorKind::Auth => "UNAUTHENTICATED",
        ApiErrorKind::Permission => "PERMISSION_DENIED",
        ApiErrorKind::NotFound => "NOT_FOUND",
        ApiErrorKind::Rate | ApiErrorKind::Quota => "RESOURCE_EXHAUSTED",
        ApiErrorKind::Overloaded => "UNAVAILABLE",
        ApiErrorKind::Timeout => "DEADLINE_EXCEEDED",
        ApiErrorKind::Api => "INTERNAL",
    }
}

pub(super) fn body(status: u16, kind: ApiErrorKind, failure: &ApiFailure) -> Bytes {
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 96);
    out.open().name("error").open().name("code").number(u64::from(status));
    out.name("message").text(&failure.message).name("status").string(word(kind));
    if let Some(code) = &failure.code {
        out.name("details").open_array().open();
        out.name("@type").string("type.googleapis.com/google.rpc.ErrorInfo");
        out.name("reason").string(&code.text().to_ascii_uppercase()).name("domain").string(DOMAIN);
        out.close().close_array();
    }
    out.close().close();
    out.finish()
}
