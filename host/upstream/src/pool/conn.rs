//! A connection as the pool sees it, whichever protocol is spoken on it.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::parts::Poolable;
use crate::dial::path::Path;
use crate::{http1, http2};

/// A connection and the way that it takes.
pub(crate) struct UpstreamConn {
    pub(crate) wire: ProtocolConn,
    path: Path,
}

/// What is spoken on a connection.
pub(crate) enum ProtocolConn {
    /// One request at a time, by the task that makes it.
    One(http1::Http1Connection),
    /// Many requests at once, by a task of the connection's own.
    Many(http2::Http2Connection),
}

impl UpstreamConn {
    pub(crate) fn new(wire: ProtocolConn, path: Path) -> Self {
        Self { wire, path }
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.path.opened()
    }

    /// Nobody is at its other end any more, and other connections there are as dead.
    pub(crate) fn is_dead(&self) {
        self.path.is_dead();
    }

    /// Whether the last request is over and done with, so that the connection can be given back as it is.
    pub(crate) fn settled(&self) -> bool {
        match &self.wire {
            ProtocolConn::One(connection) => connection.settled(),
            ProtocolConn::Many(_) => true,
        }
    }

    /// Waits, until `end` at most, for [`UpstreamConn::settled`]: an upstream may answer before it has read the whole request.
    pub(crate) async fn settle(&self, end: Instant) -> bool {
        let ProtocolConn::One(connection) = &self.wire else { return true };
        timeout_at(end, poll_fn(|cx| connection.poll_settled(cx))).await.unwrap_or(false)
    }
}

impl Poolable for UpstreamConn {
    fn usable(&self, idle: Duration) -> bool {
        match &self.wire {
            ProtocolConn::One(connection) => connection.usable(idle),
            ProtocolConn::Many(connection) => connection.usable(idle),
        }
    }

    fn closed(&self) -> bool {
        match &self.wire {
            ProtocolConn::One(connection) => connection.spent(),
            ProtocolConn::Many(connection) => connection.closed(),
        }
    }

    fn hung_up(&self) -> bool {
        match &self.wire {
            ProtocolConn::One(connection) => connection.hung_up(),
            ProtocolConn::Many(connection) => connection.closed(),
        }
    }

    fn keep(&self) -> Duration {
        match &self.wire {
            ProtocolConn::One(connection) => connection.keep(),
            ProtocolConn::Many(_) => Duration::MAX,
        }
    }

    fn streams(&self) -> usize {
        match &self.wire {
            ProtocolConn::One(_) => 1,
            ProtocolConn::Many(connection) => connection.streams(),
        }
    }

    fn shared(&self) -> bool {
        matches!(self.wire, ProtocolConn::Many(_))
    }

    fn outdated(&self, now: Instant) -> bool {
        self.path.is_outdated(now)
    }
}
