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
    /// What serves one request. It is taken before its head is read, so that all of the request is judged by one
    /// configuration.
    type Lease: 'static;
    /// What is said in the head of an answer beside its headers.
    type Extra: ExtraHeaders + 'static;

    /// What serves the request that comes next.
    fn lease(&self) -> Self::Lease;

    /// What that request may have.
    fn limits(&self, lease: &Self::Lease) -> RequestLimits;

    /// Answers a request. Dropped before it is ready, the client has left.
    fn handle(
        &self,
        lease: Self::Lease,
        request: IncomingRequest<'_>,
    ) -> impl Future<Output = OutgoingResponse<Self::Extra>>;
}
