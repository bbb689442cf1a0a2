//! A timer for deadlines that move with almost every request and hardly ever pass.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

/// One timer that is set seldom: it may ring too early, never too late, and is then set anew. It belongs to one task.
#[derive(Debug, Default)]
pub(crate) struct LazyTimer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The task will be woken when it rings.
    set: bool,
}

impl LazyTimer {
    /// Whether `deadline` has passed; if not, the task is woken in time to look again.
    pub(crate) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        } else if self.set && !sleep.is_elapsed() {
            return false;
        }
        loop {
            match sleep.as_mut().poll(cx) {
                // A task that has used up its turn is woken at once, but not by the timer.
                Poll::Pending => self.set = coop::has_budget_remaining(),
                Poll::Ready(()) if Instant::now() >= deadline => {
                    self.set = false;
                    return true;
                }
                Poll::Ready(()) => {
                    sleep.as_mut().reset(deadline);
                    continue;
                }
            }
            return false;
        }
    }
}
