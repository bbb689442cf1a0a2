//! The server: HTTP/1.1, ours, and HTTP/2, hyper's, for whoever [handles](Handler) requests. It knows no step of theirs.
//!
//! A connection is [served](serve) in a task of the thread that accepted it. Each request is handed to the handler as an
//! [`IncomingRequest`], in the connection's own task in HTTP/1 and in one of its own in HTTP/2, and comes back as an
//! [`OutgoingResponse`], whose body is told when its last byte was sent. Everything is compiled for one handler: nothing on the
//! way is a call through a table but how a body settles.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod client_wait;
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

pub use client_wait::ClientWait;
pub use connection::serve;
pub use drain::{Drain, Drainer};
pub use handler::{Handler, RequestLimits};
pub use http1::{Broken, Http1RequestBody};
pub use limits::ServerLimits;
pub use request::IncomingRequest;
pub use request_body::RequestBody;
pub use response::OutgoingResponse;
pub use response_body::{Aborted, BodyEnd, ResponseBody, Settle, StreamBody, StreamSender, StreamSource};
pub use shared::{ConnShared, ServerCounters};
