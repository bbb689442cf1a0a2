//! Giving way: how a guest that has used up its slice lets the worker's sockets and other tasks have their turn.
//!
//! wasmtime wakes a guest that ran out of its slice at once. On a current-thread runtime that would put the task straight
//! back into the queue, and dozens of slices could pass before anybody looks at a socket. So a guest is polled with a
//! waker of its own, which tells a wake that came from within the poll from one that came later; after the former the
//! task waits for its turn behind a look at the sockets. Turns are given one by one (`yielding/turns.rs`), so that a hundred
//! guests that spin take no more of the others' time than one.

mod turns;

use crate::tenant::TenantId;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use turns::{YieldTurn, YieldTurns};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// So many unused yielders are kept for one worker: as many guests can be in the middle of a call without an allocation.
const KEPT: usize = 64;

/// What the guest's waker leads to. It is used from call to call, for a waker is an allocation, and a call of a microsecond should not
/// pay for one.
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
        // One of the two sees the other: the poll's end looks at `woken` after it has cleared `polling`. For that both need
        // one order of all four accesses, and so `SeqCst`: with less each side may miss what the other wrote, and the guest would
        // sleep for ever.
        self.woken.store(true, SeqCst);
        if !self.polling.load(SeqCst) {
            self.task.wake();
        }
    }
}

/// What a guest that has given way waits for.
enum Pause {
    /// Its turn.
    Turn(Rc<YieldTurn>),
    /// No more than a look at the sockets, where nobody leads guests back in.
    Look(Pin<Box<dyn Future<Output = ()>>>),
}

/// Lets one call wait for its turn.
pub(crate) struct Yielder {
    /// None until the guest is polled, if none was to spare: most calls find one.
    exchange: Option<(Arc<Inner>, Waker)>,
    pause: Option<Pause>,
    tenant: TenantId,
    home: Rc<YielderPool>,
}

/// The yielders of one worker.
#[derive(Debug, Default)]
pub(crate) struct YielderPool {
    spare: RefCell<Vec<(Arc<Inner>, Waker)>>,
    turns: YieldTurns,
}

impl YielderPool {
    /// Lends one to a call of this tenant's; the loan ends when it is dropped.
    pub(crate) fn lend(self: &Rc<Self>, tenant: TenantId) -> Yielder {
        Yielder { exchange: self.spare.borrow_mut().pop(), pause: None, tenant, home: Rc::clone(self) }
    }

    /// Gives guests that wait for it their turn, one for each turn of the thread's tasks; for ever.
    pub(crate) async fn lead(self: Rc<Self>) {
        self.turns.lead().await;
    }
}

impl Yielder {
    /// Whether the guest may be polled now; if not, the task is woken when it may.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.pause {
            None => return Poll::Ready(()),
            Some(Pause::Turn(turn)) => std::task::ready!(turn.poll(cx)),
            Some(Pause::Look(look)) => std::task::ready!(look.as_mut().poll(cx)),
        }
        self.pause = None;
        Poll::Ready(())
    }

    /// Polls the guest. If it is pending, the task is woken when it may go on.
    pub(crate) fn poll<F: Future>(&mut self, guest: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (inner, waker) = self.exchange.get_or_insert_with(|| {
            let inner = Arc::new(Inner::default());
            let waker = Waker::from(Arc::clone(&inner));
            (inner, waker)
        });
        inner.woken.store(false, SeqCst);
        inner.polling.store(true, SeqCst);
        let poll = guest.poll(&mut Context::from_waker(waker));
        if poll.is_ready() {
            // `polling` stays: who wakes this guest from here on means one that is done, and nobody is to hear of it.
            return poll;
        }
        // Before `polling` is cleared, for from then on whoever wakes the guest wakes this task. Only now, and not before each
        // poll: most guests are ready at once, and then nobody need know the task.
        inner.task.register(cx.waker());
        inner.polling.store(false, SeqCst);
        // It woke itself: that is a slice that ended, or a host call that gave way, and no reason to go on at once. What it waits
        // for elsewhere, an answer or memory, wakes it later, and then it goes on without waiting for a turn.
        if inner.woken.load(SeqCst) {
            self.pause = self.wait(cx);
        }
        poll
    }

    /// Begins to wait, with the task to be woken at the end.
    fn wait(&self, cx: &mut Context<'_>) -> Option<Pause> {
        if let Some(turn) = self.home.turns.ask(self.tenant) {
            // It is not given from within here.
            let _waits = turn.poll(cx);
            return Some(Pause::Turn(turn));
        }
        // Trials of new versions run on threads where nobody leads, since there is nothing to be fair to. tokio wakes a task that
        // yields when it has looked at the sockets, and not before.
        let mut look: Pin<Box<dyn Future<Output = ()>>> = Box::pin(tokio::task::yield_now());
        look.as_mut().poll(cx).is_pending().then_some(Pause::Look(look))
    }
}

impl Drop for Yielder {
    fn drop(&mut self) {
        if let Some(Pause::Turn(turn)) = &self.pause {
            // The call was given up while it waited. Its turn stays in the queue and is passed over there: to look for it would cost
            // more the more guests wait.
            turn.leave();
        }
        let Some((inner, waker)) = self.exchange.take() else { return };
        // A late wake must not reach the task of the next call.
        inner.task.take();
        let mut spare = self.home.spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push((inner, waker));
        }
    }
}

/// Gives way from within a host call that took long, as a guest does at the end of its slice.
pub(crate) async fn give_way() {
    let mut gave = false;
    // A wake from within the poll is what the yielder takes for the end of a slice, whoever it came from.
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
