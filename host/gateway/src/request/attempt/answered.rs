//! What an attempt hands over that was answered, and to whom.

use crate::request::context::RequestContext;
use crate::request::receive::Received;
use crate::worker::UnheardEnd;
use http::HeaderValue;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use weir_upstream::Ticket;

/// An upstream's answer, all of it or as much as tells that it is one.
pub(crate) struct UpstreamAnswer {
    pub(crate) received: Received,
    /// Who answers, as a response header says it.
    pub(crate) label: HeaderValue,
    pub(crate) provider: Arc<str>,
    /// To be settled at the body's end.
    pub(crate) ticket: Ticket,
}

/// Where the answer is put.
pub(crate) struct AnswerPlace {
    pub(crate) answer: Option<UpstreamAnswer>,
    /// What becomes of one that comes when the client has left.
    pub(crate) unheard: ReadUnheard,
}

/// Reads an answer to its end of which the client hears nothing.
pub(crate) type ReadUnheard = fn(RequestContext, UpstreamAnswer) -> Pin<Box<dyn Future<Output = UnheardEnd>>>;
