//! What the clients of a connection may do, and how long they may take for it.

use std::time::Duration;

/// What holds for a connection as long as it lasts: what the configuration said when it was accepted.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// For a head that has begun.
    pub head_timeout: Duration,
    /// For the first byte of the next one.
    pub keep_alive_timeout: Duration,
    /// For a client to take some of an answer.
    pub write_timeout: Duration,
    /// Requests that are open at once on an HTTP/2 connection.
    pub h2_streams: u32,
    /// HTTP/2 frames at once that bring no request.
    pub h2_control_frames: u32,
    /// Bytes of the fields of an HTTP/2 head.
    pub head_bytes: usize,
}
