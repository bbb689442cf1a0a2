//! Which token came with a request.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The gateway's key, wherever the client's library puts it: `authorization: Bearer` (OpenAI, Anthropic), `x-api-key`
/// (Anthropic), `x-goog-api-key` (Gemini), `api-key` (Azure) or, with none of these, `?key=` (Gemini). What is there more than
/// once says nothing: who asked would depend on who reads it.
pub(crate) fn of<'r>(headers: &'r HeaderMap, query: Option<&'r str>) -> Option<&'r str> {
    let text = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() { Some("") } else { first.to_str().ok() }
    };
    match headers.get(AUTHORIZATION) {
        Some(value) => bearer(value.to_str().ok()?),
        None => {
            text("x-api-key").or_else(|| text("x-goog-api-key")).or_else(|| text("api-key")).or_else(|| named(query?))
        }
    }
}

/// The token after the scheme, whose name knows no case (RFC 9110 section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case("bearer ").then(|| token.trim())
}

/// That of a query. No key of the gateway's has a character in it that would have to be escaped.
fn named(query: &str) -> Option<&str> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix("key="));
    let first = values.next()?;
    if values.next().is_some() { Some("") } else { Some(first) }
}
