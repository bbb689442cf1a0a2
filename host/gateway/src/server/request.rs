//! A request as it comes off a connection.

use http::request::Parts;
use weir_http::head::InvalidHead;

use super::request_body::RequestBody;

/// A request, in either HTTP.
pub(crate) struct IncomingRequest<'a> {
    /// Its head, of which the handler takes what it needs.
    pub(crate) parts: &'a mut Parts,
    pub(crate) body: RequestBody,
    /// The rule that its head breaks, if it does.
    pub(crate) valid: Result<(), InvalidHead>,
}
