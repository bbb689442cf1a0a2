//! The end of the gateway: no new connections, requests in flight finish, and then it is over, at the latest after the
//! configured time.

use crate::gate::Gate;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Tells everybody that the end has begun, and when it is over at the latest.
#[derive(Debug)]
pub(crate) struct Drainer(watch::Sender<Option<Instant>>);

/// A listener's end.
#[derive(Debug, Clone)]
pub(crate) struct Drain(watch::Receiver<Option<Instant>>);

impl Drainer {
    pub(crate) fn new() -> (Self, Drain) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Drain(receiver))
    }

    /// Begins the end.
    pub(crate) fn begin(&self, grace: Duration) {
        self.0.send_replace(Some(Instant::now() + grace));
    }
}

impl Drain {
    /// Waits until the end has begun.
    pub(crate) async fn begun(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(Option::is_some).await;
    }

    /// Whether the end has begun, told by a look at one number. Says so of a `Drain` whose [`begun`](Self::begun) was
    /// never waited for.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.has_changed().unwrap_or(true)
    }

    /// Whether the end has begun.
    pub(crate) fn is_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// When it is over at the latest; now, if it has not begun.
    pub(crate) fn end(&self) -> Instant {
        self.0.borrow().unwrap_or_else(Instant::now)
    }

    /// Waits until no connection is left, or the time is up.
    pub(crate) async fn finished(self, connections: &Gate) {
        let end = self.end();
        while connections.inside() > 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
