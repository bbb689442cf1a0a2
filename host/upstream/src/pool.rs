//! A worker's connections: to all upstreams ([`ConnectionPool`]), to one of them ([`HostPool`]), and what a request holds
//! of them.

mod conn;
mod connection_pool;
mod guards;
mod host_pool;
mod parts;
mod worker_route;

pub(crate) use conn::{ProtocolConn, UpstreamConn};
pub use connection_pool::ConnectionPool;
pub(crate) use parts::{ConnTurn, ConnectPermit, HostPool, Lease, Poolable, TurnRequest};
pub(crate) use worker_route::WorkerRoute;
