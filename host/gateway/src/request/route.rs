//! What is called: paths and their methods.

use crate::request::refusal::Refusal;
use http::Method;
use http::request::Parts;
use weir_dialect::DialectCall;
use weir_http::head::InvalidHead;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiCall {
    /// `GET /v1/models`, or `HEAD`.
    Models,
    /// A question for a model.
    Ask(DialectCall),
}

/// The calls and the methods of a path. Paths match exactly, so that what the client wrote never goes upstream.
fn find(path: &str) -> Option<(ApiCall, &'static str)> {
    match path {
        "/v1/chat/completions" => Some((ApiCall::Ask(DialectCall::OPENAI_CHAT), "POST")),
        "/v1/embeddings" => Some((ApiCall::Ask(DialectCall::OPENAI_EMBED), "POST")),
        "/v1/models" => Some((ApiCall::Models, "GET, HEAD")),
        _ => None,
    }
}

/// Finds what is called.
pub(crate) fn called(parts: &Parts) -> Result<ApiCall, Refusal> {
    let (call, methods) = find(parts.uri.path()).ok_or(Refusal::NotFound)?;
    let takes = match call {
        ApiCall::Models => parts.method == Method::GET || parts.method == Method::HEAD,
        ApiCall::Ask(_) => parts.method == Method::POST,
    };
    if takes { Ok(call) } else { Err(Refusal::MethodNotAllowed(methods)) }
}

/// The methods that a path takes, as `Allow` lists them; none if there is nothing.
pub(crate) fn methods(path: &str) -> Option<&'static str> {
    find(path).map(|(_, methods)| methods)
}

/// The refusal of a request whose head breaks a rule.
pub(crate) fn unlawful(rule: InvalidHead, parts: &Parts) -> Refusal {
    match rule {
        // Of a target that is none, what all paths take.
        InvalidHead::MethodNotAllowed => {
            Refusal::MethodNotAllowed(methods(parts.uri.path()).unwrap_or("GET, HEAD, POST"))
        }
        rule => Refusal::Unlawful(rule),
    }
}
