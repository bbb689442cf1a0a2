//! Timers for deadlines that move with almost every request and hardly ever pass.
//!
//! A timer stays armed at whatever earlier time it had, and is moved to the time that is wanted now only when that has
//! passed: it may ring too early, which nobody notices, and never too late. So what is done in time touches the timer
//! wheel not at all.

use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

/// So many unused timers are kept for one worker.
const KEPT: usize = 256;
/// So many survive a [`Timers::trim`]: an unused timer may hold on to the memory of the task that used it last.
const TRIMMED: usize = 16;

/// One timer, for one deadline at a time.
#[derive(Debug, Default)]
pub struct LazyTimer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The task that polled it last will be woken when it rings.
    is_set: bool,
    /// Where it goes back to.
    home: Option<Rc<Timers>>,
}

impl LazyTimer {
    /// Ready once `at` has passed; otherwise the task is woken at `at` or, without harm, before it.
    pub fn poll_until(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        loop {
            if sleep.as_mut().poll(cx).is_pending() {
                // A task that has used up its turn is woken at once, but not by the timer.
                self.is_set = coop::has_budget_remaining();
                return Poll::Pending;
            }
            if sleep.deadline() >= at {
                self.is_set = false;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
    }

    /// Whether `deadline` has passed; if not, the task is woken in time to look again. For a timer that never goes from one
    /// task to another: as long as it is set early enough, it is not touched.
    pub fn has_passed(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let is_armed = |sleep: &Pin<Box<Sleep>>| sleep.deadline() <= deadline && !sleep.is_elapsed();
        if self.is_set && self.sleep.as_ref().is_some_and(is_armed) {
            return false;
        }
        self.poll_until(deadline, cx).is_ready()
    }
}

impl Drop for LazyTimer {
    fn drop(&mut self) {
        let Some(home) = &self.home else { return };
        if let Some(sleep) = self.sleep.take() {
            let mut unused = home.unused.borrow_mut();
            if unused.len() < KEPT {
                unused.push(sleep);
            }
        }
    }
}

/// A worker's timers that nobody uses now. Lent one after the other, a timer is allocated once for many deadlines.
#[derive(Debug, Default)]
pub struct Timers {
    unused: RefCell<Vec<Pin<Box<Sleep>>>>,
}

impl Timers {
    /// Lends a timer; the loan ends when it is dropped.
    pub fn lend(self: &Rc<Self>) -> LazyTimer {
        LazyTimer { sleep: self.unused.borrow_mut().pop(), is_set: false, home: Some(self.clone()) }
    }

    /// Lets go of timers that only an unusual number of requests at once needed. To be called now and then.
    pub fn trim(&self) {
        self.unused.borrow_mut().truncate(TRIMMED);
    }
}

#[cfg(test)]
mod tests;
