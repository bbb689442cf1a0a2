//! A connection as the pool sees it, whichever protocol is spoken on it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{http1, http2, lane};

/// A response head may have so many bytes.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;
/// After so much idleness the socket itself is asked whether the upstream has hung up: a server closes connections
/// that were idle for seconds, and the news may not have come through the event loop yet.
pub(crate) const LOOK_AFTER: Duration = Duration::from_millis(500);

pub(crate) enum Link {
    /// One request at a time, by the task that makes it.
    One(http1::Connection),
    /// Many requests at once, by a task of the connection's own.
    Many(http2::Connection),
}

impl Link {
    /// Whether the last request is over and done with, so that the connection can be given back as it is.
    pub(crate) fn settled(&self) -> bool {
        match self {
            Self::One(connection) => connection.settled(),
            Self::Many(_) => true,
        }
    }

    /// Waits, until `end` at most, for [`Link::settled`]: an upstream may answer before it has read the whole request.
    pub(crate) async fn settle(&self, end: Instant) -> bool {
        let Self::One(connection) = self else { return true };
        timeout_at(end, poll_fn(|cx| connection.poll_settled(cx))).await.unwrap_or(false)
    }
}

impl lane::Link for Link {
    fn usable(&self, idle: Duration) -> bool {
        match self {
            Self::One(connection) => connection.usable(idle),
            Self::Many(connection) => connection.usable(idle),
        }
    }

    fn closed(&self) -> bool {
        match self {
            Self::One(connection) => connection.spent(),
            Self::Many(connection) => connection.closed(),
        }
    }

    fn hung_up(&self) -> bool {
        match self {
            Self::One(connection) => connection.hung_up(),
            Self::Many(connection) => connection.closed(),
        }
    }

    fn keep(&self) -> Duration {
        match self {
            Self::One(connection) => connection.keep(),
            Self::Many(_) => Duration::MAX,
        }
    }

    fn streams(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(connection) => connection.streams(),
        }
    }

    fn shared(&self) -> bool {
        matches!(self, Self::Many(_))
    }
}

/// Polls `future` unless `poll_deadline` says that the time is over.
pub(crate) async fn until<T, D>(
    future: impl Future<Output = T>,
    mut poll_deadline: impl FnMut(&mut Context<'_>) -> Poll<D>,
) -> Result<T, D> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(done) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        poll_deadline(cx).map(Err)
    })
    .await
}
