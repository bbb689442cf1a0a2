//! How long an attempt may take.

use std::time::Duration;

/// How long one attempt may take, in three respects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From when the request is handed to a connection to the response head.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
    /// From [`ConnectionPool::send`](crate::ConnectionPool::send) to the end of the body, waiting and connecting included.
    pub total: Duration,
}
