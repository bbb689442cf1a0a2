//! The gateway's own refusals, in the error shape of OpenAI's API, which its client libraries turn into exceptions.

use bytes::Bytes;
use weir_http::json::escape_into;
use weir_http::sse::data_event;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What a client is told that was refused, whatever its dialect.
#[derive(Debug, Clone, Copy)]
pub struct ApiError<'a> {
    /// Stable, and for programs.
    pub code: &'a str,
    /// What the client's library makes of it.
    pub kind: ApiErrorKind,
    /// For whoever reads it.
    pub message: &'a str,
    /// The parameter at fault.
    pub param: Option<&'a str>,
}

/// What an error is to a client's library: each dialect has words of its own for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// The request is at fault.
    Invalid,
    /// The key is.
    Auth,
    /// The key may not do this.
    Permission,
    /// What was asked for is not there, mostly a model.
    NotFound,
    /// It is at odds with something else that is going on.
    Conflict,
    /// The request is too large.
    TooLarge,
    /// The request is understood and makes no sense.
    Unprocessable,
    /// There were too many.
    Rate,
    /// What was paid for is used up.
    Quota,
    /// The service has too much to do.
    Overloaded,
    /// It took too long.
    Timeout,
    /// None of these: the service is.
    Api,
}

/// OpenAI's `error.type`.
pub(crate) fn word(kind: ApiErrorKind) -> &'static str {
    match kind {
        ApiErrorKind::Invalid
        | ApiErrorKind::NotFound
        | ApiErrorKind::Conflict
        | ApiErrorKind::TooLarge
        | ApiErrorKind::Unprocessable => "invalid_request_error",
        ApiErrorKind::Auth => "authentication_error",
        ApiErrorKind::Permission => "permission_error",
        ApiErrorKind::Rate => "rate_limit_error",
        ApiErrorKind::Quota => "insufficient_quota",
        ApiErrorKind::Overloaded | ApiErrorKind::Timeout | ApiErrorKind::Api => "api_error",
    }
}

/// The body of a refusal: `{"error":{"message","type","param","code"}}`.
///
/// Source: OpenAI's API reference, error object.
pub(crate) fn body(error: &ApiError<'_>) -> Bytes {
    Bytes::from(write(error))
}

/// The same as an event of a stream, `data: {"error":…}`, for a failure after the first byte. Client libraries raise
/// on it; nothing, and least of all `[DONE]`, may follow.
pub(crate) fn event(error: &ApiError<'_>) -> Bytes {
    data_event(&write(error))
}

fn write(error: &ApiError<'_>) -> Vec<u8> {
    let ApiError { code, kind, message, param } = *error;
    let kind = word(kind);
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
