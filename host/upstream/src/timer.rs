//! Timers that cost next to nothing while nothing times out.
//!
//! A worker keeps its tokio timers and lends one to each exchange. A lent timer stays armed at whatever earlier time it
//! had; only when that passes is it moved to the time that is wanted now. So a request that is answered in time
//! touches the timer wheel not at all, however many chunks it has.

use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// So many unused timers are kept for one worker.
const KEPT: usize = 256;
/// So many survive a [`Timers::trim`]: an unused timer may hold on to the memory of the task that used it last.
const TRIMMED: usize = 16;

#[derive(Default)]
pub(crate) struct Timers {
    unused: RefCell<Vec<Pin<Box<Sleep>>>>,
}

impl Timers {
    /// Lends a timer; the loan ends when it is dropped.
    pub(crate) fn lend(self: &Rc<Self>) -> Timer {
        Timer { sleep: self.unused.borrow_mut().pop(), home: self.clone() }
    }

    pub(crate) fn trim(&self) {
        self.unused.borrow_mut().truncate(TRIMMED);
    }
}

pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    home: Rc<Timers>,
}

impl Timer {
    /// Ready once `at` has passed; otherwise the task is woken at `at` or, without harm, before it.
    pub(crate) fn poll_until(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        loop {
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(sleep) = self.sleep.take() {
            let mut unused = self.home.unused.borrow_mut();
            if unused.len() < KEPT {
                unused.push(sleep);
            }
        }
    }
}

#[cfg(test)]
mod tests;
