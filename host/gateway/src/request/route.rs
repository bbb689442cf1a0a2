//! What is called, or why nothing can be.

use crate::request::refusal::Refusal;
use http::request::Parts;
use weir_dialect::{ApiCall, ApiPath};
use weir_http::head::InvalidHead;

/// What is called at a path.
pub(crate) fn called<'a, 'p>(path: Option<&'a ApiPath<'p>>, parts: &Parts) -> Result<&'a ApiCall<'p>, Refusal> {
    let path = path.ok_or(Refusal::NotFound)?;
    path.call(&parts.method).ok_or(Refusal::MethodNotAllowed(path.methods))
}

/// The refusal of a request whose head breaks a rule.
pub(crate) fn invalid(rule: InvalidHead, path: Option<&ApiPath<'_>>) -> Refusal {
    match rule {
        // Of a target that is none, what all paths take.
        InvalidHead::MethodNotAllowed => Refusal::MethodNotAllowed(path.map_or("GET, HEAD, POST", |path| path.methods)),
        rule => Refusal::Invalid(rule),
    }
}
