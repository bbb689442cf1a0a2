//! The server: HTTP/1.1, ours, and HTTP/2, hyper's, for whoever [handles](Handler) requests. It knows no step of theirs.

mod connection;
mod drain;
mod handler;
mod http1;
mod http2;
mod limits;
mod opening;
mod request;
mod request_body;
mod response;
mod response_body;
mod shared;

pub(crate) use connection::serve;
pub(crate) use drain::{Drain, Drainer};
pub(crate) use handler::{Handler, RequestLimits};
pub(crate) use limits::ServerLimits;
pub(crate) use request::IncomingRequest;
pub(crate) use request_body::RequestBody;
pub(crate) use response::{ExtraHeaders, OutgoingResponse};
pub(crate) use response_body::{Aborted, BodyEnd, ResponseBody, Settle, StreamBody, StreamSender};
pub(crate) use shared::{ConnShared, ServerCounters};
