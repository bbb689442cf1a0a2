//! What the clients of a connection may do, and how long they may take for it.

use std::time::Duration;

/// What holds for a connection as long as it lasts: what the configuration said when it was accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerLimits {
    /// For a head that has begun.
    pub(crate) head_timeout: Duration,
    /// For the first byte of the next one.
    pub(crate) keep_alive_timeout: Duration,
    /// For a client to take some of an answer.
    pub(crate) write_timeout: Duration,
    /// Requests that are open at once on an HTTP/2 connection.
    pub(crate) h2_streams: u32,
    /// HTTP/2 frames at once that bring no request.
    pub(crate) h2_control_frames: u32,
    /// Bytes of the fields of an HTTP/2 head.
    pub(crate) head_bytes: usize,
}
