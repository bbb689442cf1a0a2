//! HTTP/1.1 as a client speaks it (RFC 9112), inside the task that makes the request: no other task, no channel, and
//! no buffer while nothing comes.

mod body;
mod connection;
mod encode;
mod exchange;

pub(crate) use body::{Http1Body, Http1Piece};
pub(crate) use connection::{Common, Http1Connection, Lost};
pub(crate) use exchange::Http1Exchange;
