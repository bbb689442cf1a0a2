//! A request as it comes off a connection.

use http::request::Parts;
use weir_http::head::InvalidHead;

use super::request_body::RequestBody;

/// A request, in either HTTP.
#[derive(Debug)]
pub struct IncomingRequest<'a> {
    /// Its head, of which the handler takes what it needs.
    pub parts: &'a mut Parts,
    /// Its body, of which nothing has been asked for.
    pub body: RequestBody,
    /// The rule that its head breaks, if it does.
    pub valid: Result<(), InvalidHead>,
}
