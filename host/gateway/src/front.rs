//! The front door: what is called, which token came with it.

use crate::refusal::Refusal;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use weir_dialect::Endpoint;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// `GET /v1/models`.
    Models,
    /// A question for a model.
    Ask(Endpoint),
}

/// Finds what is called. Paths match exactly, so that what the client wrote never goes upstream.
pub(crate) fn called(parts: &Parts) -> Result<Call, Refusal> {
    let (call, method) = match parts.uri.path() {
        "/v1/chat/completions" => (Call::Ask(Endpoint::Chat), Method::POST),
        "/v1/embeddings" => (Call::Ask(Endpoint::Embeddings), Method::POST),
        "/v1/models" => (Call::Models, Method::GET),
        _ => return Err(Refusal::NotFound),
    };
    if parts.method == method { Ok(call) } else { Err(Refusal::MethodNotAllowed(method)) }
}

/// The gateway's key, wherever the client's library puts it: `authorization: Bearer` (OpenAI, Anthropic), `x-api-key`
/// (Anthropic), `x-goog-api-key` (Gemini) or `api-key` (Azure).
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match headers.get(AUTHORIZATION) {
        Some(value) => bearer(value.to_str().ok()?),
        None => text("x-api-key").or_else(|| text("x-goog-api-key")).or_else(|| text("api-key")),
    }
}

/// The token after the scheme, whose name knows no case (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case("bearer ").then(|| token.trim())
}
