//! What all connections of one thread share, and what all of a gateway count.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use weir_net::ByteTotal;

use super::http1::ServerBuffers;

/// Connections, counted over all threads.
#[derive(Debug, Default)]
pub struct ServerCounters {
    /// Accepted.
    pub accepted: AtomicU64,
    /// HTTP/2 connections ended for frames that brought no request.
    pub flooded: AtomicU64,
    /// HTTP/2 connections ended for requests on and on whose refusals were not taken.
    pub untaken: AtomicU64,
    /// HTTP/1 connections ended for what was asked so far ahead that it was thrown away.
    pub overrun: AtomicU64,
}

/// What the connections of one thread share.
#[derive(Debug)]
pub struct ConnShared {
    /// What they read into and write in.
    pub(crate) buffers: ServerBuffers,
    /// Where the bytes count that HTTP/1 clients have sent ahead, beside whatever else counts there.
    pub(crate) read_ahead: Arc<ByteTotal>,
    pub(crate) counters: Arc<ServerCounters>,
}

impl ConnShared {
    /// Empty buffers, and where to count.
    pub fn new(read_ahead: Arc<ByteTotal>, counters: Arc<ServerCounters>) -> Self {
        Self { buffers: ServerBuffers::default(), read_ahead, counters }
    }

    /// Lets go of what only unusually large messages needed. To be called now and then.
    pub fn trim(&self) {
        self.buffers.trim();
    }
}
