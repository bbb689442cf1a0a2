//! The gateway's own refusals, in the error shape of OpenAI's API, which its client libraries turn into exceptions.

use bytes::Bytes;
use weir_http::json::escape_into;
use weir_http::sse::data_event;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The body of a refusal: `{"error":{"message","type","param","code"}}`. `code` is stable and for programs, `kind` is
/// OpenAI's `error.type`, such as `invalid_request_error`; `param` names the parameter at fault.
///
/// Source: OpenAI's API reference, error object.
pub fn body(code: &str, kind: &str, message: &str, param: Option<&str>) -> Bytes {
    Bytes::from(write(code, kind, message, param))
}

/// The same as an event of a stream, `data: {"error":…}`, for a failure after the first byte. Client libraries raise
/// on it; nothing, and least of all `[DONE]`, may follow.
pub fn event(code: &str, kind: &str, message: &str, param: Option<&str>) -> Bytes {
    data_event(&write(code, kind, message, param))
}

fn write(code: &str, kind: &str, message: &str, param: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + code.len() + kind.len() + message.len());
    out.extend_from_slice(b"{\"error\":{\"message\":");
    escape_into(&mut out, message);
    out.extend_from_slice(b",\"type\":");
    escape_into(&mut out, kind);
    out.extend_from_slice(b",\"param\":");
    match param {
        Some(param) => escape_into(&mut out, param),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"code\":");
    escape_into(&mut out, code);
    out.extend_from_slice(b"}}");
    out
}
