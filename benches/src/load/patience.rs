//! The longest time that a request may take, at hardly any cost.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

/// One user's timer. It is not set anew for each request, but only when it fires and nothing is overdue: so with
/// requests that end in time it is touched once in a time-out.
#[derive(Debug)]
pub(super) struct Patience {
    timer: Pin<Box<Sleep>>,
    most: Duration,
}

impl Patience {
    pub(super) fn new(most: Duration) -> Self {
        Self { timer: Box::pin(sleep_until((Instant::now() + most).into())), most }
    }

    /// What `work` gives, if it does so in time.
    pub(super) async fn wait<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let until = Instant::now() + self.most;
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            while self.timer.as_mut().poll(cx).is_ready() {
                if Instant::now() >= until {
                    return Poll::Ready(None);
                }
                self.timer.as_mut().reset(until.into());
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn work_is_given_up_when_it_is_due_and_later_work_has_its_own_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut patience = Patience::new(Duration::from_millis(5));
            let start = Instant::now();
            assert_eq!(patience.wait(std::future::pending::<()>()).await, None);
            assert!(start.elapsed() >= Duration::from_millis(5));
            assert_eq!(patience.wait(async { 7 }).await, Some(7));
            let again = Instant::now();
            assert_eq!(patience.wait(std::future::pending::<()>()).await, None);
            assert!(again.elapsed() >= Duration::from_millis(5));
        });
    }
}
