//! The end of the gateway: no new connections, requests in flight finish, and then it is over, at the latest after the
//! configured time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_net::{ConcurrencyLimit, LazyTimer};

/// How long clients may take after the end to read why their answers were broken off.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Tells everybody that the end has begun, and when it is over at the latest.
#[derive(Debug)]
pub struct Drainer(watch::Sender<Option<Instant>>);

/// A listener's end.
#[derive(Debug, Clone)]
pub struct Drain(watch::Receiver<Option<Instant>>);

impl Drainer {
    /// Both ends of an end that has not begun.
    pub fn new() -> (Self, Drain) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Drain(receiver))
    }

    /// Begins the end.
    pub fn begin(&self, grace: Duration) {
        self.0.send_replace(Some(Instant::now() + grace));
    }
}

impl Drain {
    /// Waits until the end has begun.
    pub async fn begun(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(Option::is_some).await;
    }

    /// Whether the end has begun, told by a look at one number. Says so of a `Drain` whose [`begun`](Self::begun) was
    /// never waited for.
    pub fn has_begun(&self) -> bool {
        self.0.has_changed().unwrap_or(true)
    }

    /// Whether the end has begun.
    pub fn is_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.0.borrow().is_some_and(|end| Instant::now() >= end)
    }

    /// When it is over at the latest; now, if it has not begun.
    pub fn end(&self) -> Instant {
        self.0.borrow().unwrap_or_else(Instant::now)
    }

    /// Waits for a future until the end is over; nothing if that comes first. Its task has to be woken when the end
    /// begins. A look at one number each time that the future is not ready.
    pub async fn until_over<F: Future>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        let mut over = LazyTimer::default();
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.has_begun() && over.has_passed(self.end(), cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Waits until nothing is left of all these, or the time is up, and a moment for what is to be said then.
    pub async fn finished(self, left: &[&ConcurrencyLimit]) {
        let end = self.end() + LAST_WORDS;
        while left.iter().any(|left| left.inside() > 0) && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
