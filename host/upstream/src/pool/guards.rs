//! The guards of a [`HostPool`]: what a request holds while it waits, connects and rides.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::parts::{ConnTurn, ConnectPermit, HostPool, Lease, Poolable, PooledConn, QueuedRequest, Waiter};

impl<L: Poolable> Lease<L> {
    pub(super) fn new(member: Rc<PooledConn<L>>) -> Self {
        Self { member, dirty: Cell::new(false) }
    }

    pub(crate) fn link(&self) -> &L {
        &self.member.link
    }

    /// The request goes onto the connection now.
    pub(crate) fn begin(&self) {
        self.dirty.set(true);
    }

    /// The request ended cleanly: the connection may serve the next one.
    pub(crate) fn release(self) {
        self.dirty.set(false);
    }

    /// No further request goes onto this connection; those on it go on.
    pub(crate) fn retire(&self) {
        self.member.retired.set(true);
        let Some(lane) = self.member.lane.upgrade() else { return };
        if self.member.listed.replace(false) {
            lane.state.borrow_mut().spare.retain(|member| !Rc::ptr_eq(member, &self.member));
        }
    }

    /// Gives up a dead connection but not its place under the limit; `None` when others are still on it.
    pub(crate) fn replace(self) -> Option<ConnectPermit<L>> {
        self.retire();
        let lane = self.member.lane.upgrade()?;
        if Rc::strong_count(&self.member) > 1 {
            return None;
        }
        self.member.replaced.set(true);
        {
            let mut state = lane.state.borrow_mut();
            state.opening = state.opening.saturating_add(1);
        }
        Some(ConnectPermit::new(Rc::downgrade(&lane)))
    }
}

impl<L: Poolable> Drop for Lease<L> {
    fn drop(&mut self) {
        let member = &self.member;
        member.busy.set(member.busy.get().saturating_sub(1));
        if self.dirty.get() && !member.link.shared() {
            member.retired.set(true);
        }
        let Some(lane) = member.lane.upgrade() else { return };
        if member.retired.get() || member.link.closed() {
            member.retired.set(true);
            return; // the last holder's drop gives the permit back
        }
        if member.link.shared() {
            lane.room.set(Some(member.link.streams()));
        }
        let now = Instant::now();
        member.since.set(now);
        if !member.listed.replace(true) {
            lane.state.borrow_mut().spare.push(member.clone());
        }
        lane.pump(now);
    }
}

impl<L: Poolable> ConnectPermit<L> {
    pub(super) fn new(lane: Weak<HostPool<L>>) -> Self {
        Self { lane, armed: true }
    }

    /// The connection is there: the first request on it is the caller's.
    pub(crate) fn done(mut self, link: L) -> Lease<L> {
        self.armed = false;
        let shared = link.shared();
        let now = Instant::now();
        let member = Rc::new(PooledConn {
            listed: Cell::new(shared && link.streams() > 1),
            link,
            busy: Cell::new(1),
            retired: Cell::new(false),
            replaced: Cell::new(false),
            since: Cell::new(now),
            lane: self.lane.clone(),
        });
        if let Some(lane) = self.lane.upgrade() {
            {
                let mut state = lane.state.borrow_mut();
                state.opening = state.opening.saturating_sub(1);
                if member.listed.get() {
                    state.spare.push(member.clone());
                }
            }
            lane.shared.set(Some(shared));
            if shared {
                lane.room.set(Some(member.link.streams()));
            }
            lane.shard.created.bump();
            lane.pump(now);
        }
        Lease::new(member)
    }
}

impl<L: Poolable> Drop for ConnectPermit<L> {
    fn drop(&mut self) {
        if self.armed
            && let Some(lane) = self.lane.upgrade()
        {
            {
                let mut state = lane.state.borrow_mut();
                state.opening = state.opening.saturating_sub(1);
            }
            lane.give_back_permit();
        }
    }
}

impl<L: Poolable> QueuedRequest<L> {
    pub(super) fn new(lane: Weak<HostPool<L>>, id: u64, seat: Rc<Waiter<L>>) -> Self {
        Self { lane, id, seat }
    }
}

impl<L: Poolable> Future for QueuedRequest<L> {
    type Output = ConnTurn<L>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ConnTurn<L>> {
        if let Some(turn) = self.seat.turn.take() {
            return Poll::Ready(turn);
        }
        self.seat.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<L: Poolable> Drop for QueuedRequest<L> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.upgrade() {
            {
                let mut state = lane.state.borrow_mut();
                if let Ok(at) = state.queue.binary_search_by_key(&self.id, |(id, _)| *id) {
                    state.queue.remove(at);
                }
            }
            // A turn that nobody took up is passed on by its own guard.
            drop(self.seat.turn.take());
            lane.publish();
        }
    }
}
