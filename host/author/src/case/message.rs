//! What goes over the wire in a case: the request, the attempt, the reply.

use bytes::Bytes;
use http::HeaderMap;

/// Headers and body of a message.
#[derive(Debug, Clone)]
pub(crate) struct MessageCase {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The attempt that `upstream-request` sees.
#[derive(Debug, Clone)]
pub(crate) struct AttemptCase {
    pub(crate) number: u32,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) message: MessageCase,
}
