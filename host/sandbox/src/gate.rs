//! Giving way: how a guest that has used up its slice lets the worker's sockets and other tasks have their turn.
//!
//! wasmtime wakes a guest that ran out of its slice at once. On a current-thread runtime that would put the task straight
//! back into the queue, and dozens of slices could pass before anybody looks at a socket. So a guest is polled with a
//! waker of its own, which tells a wake that came from within the poll from one that came later; after the former the
//! task comes back by [`tokio::task::yield_now`], behind a look at the sockets.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// So many unused gates are kept for one worker: as many guests can be in the middle of a call without an allocation.
const KEPT: usize = 64;

#[derive(Debug, Default)]
struct Inner {
    /// The task that polls the guest.
    task: AtomicWaker,
    /// The guest is being polled now.
    polling: AtomicBool,
    /// It was woken since the poll began.
    woken: AtomicBool,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // One of the two sees the other: the poll's end looks at `woken` after it has cleared `polling`.
        self.woken.store(true, SeqCst);
        if !self.polling.load(SeqCst) {
            self.task.wake();
        }
    }
}

type Pause = Pin<Box<dyn Future<Output = ()>>>;

/// A gate, lent to one call.
pub(crate) struct Gate {
    lent: Option<(Arc<Inner>, Waker)>,
    pause: Option<Pause>,
    home: Rc<Gates>,
}

/// The gates of one worker.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    spare: RefCell<Vec<(Arc<Inner>, Waker)>>,
}

impl Gates {
    /// Lends a gate; the loan ends when it is dropped.
    pub(crate) fn lend(self: &Rc<Self>) -> Gate {
        Gate { lent: self.spare.borrow_mut().pop(), pause: None, home: Rc::clone(self) }
    }
}

impl Gate {
    /// Whether the guest may be polled now; if not, the task is woken when it may.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }

    /// Polls the guest. If it is pending, the task is woken when it may go on.
    pub(crate) fn poll<F: Future>(&mut self, guest: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (inner, waker) = self.lent.get_or_insert_with(|| {
            let inner = Arc::new(Inner::default());
            let waker = Waker::from(Arc::clone(&inner));
            (inner, waker)
        });
        inner.woken.store(false, SeqCst);
        inner.polling.store(true, SeqCst);
        let poll = guest.poll(&mut Context::from_waker(waker));
        if poll.is_ready() {
            return poll;
        }
        inner.task.register(cx.waker());
        inner.polling.store(false, SeqCst);
        if inner.woken.load(SeqCst) {
            let mut pause: Pause = Box::pin(tokio::task::yield_now());
            if pause.as_mut().poll(cx).is_pending() {
                self.pause = Some(pause);
            }
        }
        poll
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let Some((inner, waker)) = self.lent.take() else { return };
        // A late wake must not reach the task of the next call.
        inner.task.take();
        let mut spare = self.home.spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push((inner, waker));
        }
    }
}
