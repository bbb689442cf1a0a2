//! What stands behind the server: whoever answers requests.

use std::future::Future;

use weir_http::ExtraHeaders;
use weir_http::head::HeadLimits;

use super::request::IncomingRequest;
use super::response::OutgoingResponse;

/// What one request may have.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// What its head is judged by.
    pub head: HeadLimits,
    /// The most bytes that may count where those do that HTTP/1 clients have sent ahead, while it is answered.
    pub read_ahead: usize,
}

/// Answers requests: all that the server knows of what stands behind it. A clone is cheap: one is made for each connection,
/// and in HTTP/2 for each request.
pub trait Handler: Clone + 'static {
    /// What serves one request, such as a configuration. It is held from before its head is read, so that all of the request is
    /// judged by one.
    type Held: 'static;
    /// What is said in the head of an answer beside its headers.
    type Extra: ExtraHeaders + 'static;

    /// What serves the request that comes next.
    fn hold(&self) -> Self::Held;

    /// What that request may have.
    fn limits(&self, held: &Self::Held) -> RequestLimits;

    /// Answers a request. It is dropped before it is ready where the client has left.
    fn handle(
        &self,
        held: Self::Held,
        request: IncomingRequest<'_>,
    ) -> impl Future<Output = OutgoingResponse<Self::Extra>>;
}
