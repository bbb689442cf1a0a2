//! One worker's connections to one upstream: an idle stack, a limit and a queue, without a lock and without I/O.
//!
//! Everything is an RAII guard, so that no cancellation can leak a place: a [`PooledConn`] *is* the permit of its
//! connection, a [`Lease`] is one request on it, a [`ConnectPermit`] is a permit whose connection is not there yet, and a
//! [`QueuedRequest`] is a place in the queue. Whenever one of them goes away, [`HostPool::pump`] serves the front of the queue.
//!
//! Invariant between calls: a request waits only while there is nothing that it could be given.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::parts::{
    ConnTurn, ConnectPermit, HostPool, HostPoolState, Lease, Poolable, PooledConn, QueuedRequest, TurnRequest, Waiter,
};
use crate::stats::Shard;

/// How many requests wait for one HTTP/2 connection that is being opened before a second one is opened, while no
/// connection has told how many it carries: what RFC 9113 section 6.5.2 recommends as the least.
const JOINERS: usize = 100;
/// So many connections are opened at once while nobody knows whether one carries many requests: a second one, should the
/// first be slow.
const PIONEERS: usize = 2;

impl<L: Poolable> HostPool<L> {
    /// `limit` connections at most (at least one), `max_waiting` requests in the queue, `keep` of idleness.
    /// `shared` says whether connections carry many requests, if that is known beforehand.
    pub(crate) fn new(
        limit: usize,
        max_waiting: usize,
        keep: Duration,
        shared: Option<bool>,
        shard: Arc<Shard>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            limit: limit.max(1),
            max_waiting,
            keep,
            shared: Cell::new(shared),
            room: Cell::new(None),
            pumping: Cell::new(false),
            state: RefCell::new(HostPoolState {
                open: 0,
                opening: 0,
                spare: Vec::new(),
                queue: VecDeque::new(),
                serial: 0,
            }),
            shard,
            this: this.clone(),
        })
    }

    /// Asks for a turn; nobody overtakes those who wait.
    pub(crate) fn enter(&self, now: Instant) -> TurnRequest<L> {
        if self.state.borrow().queue.is_empty()
            && let Some(turn) = self.next_turn(now)
        {
            self.publish();
            return TurnRequest::Now(turn);
        }
        let seat = Rc::new(Waiter { turn: Cell::new(None), waker: Cell::new(None) });
        let id = {
            let mut state = self.state.borrow_mut();
            if state.queue.len() >= self.max_waiting {
                return TurnRequest::Full;
            }
            state.serial = state.serial.wrapping_add(1);
            let id = state.serial;
            state.queue.push_back((id, seat.clone()));
            id
        };
        self.shard.waits.bump();
        let waiting = QueuedRequest::new(self.this.clone(), id, seat);
        // A longer queue may justify one more HTTP/2 connection.
        self.pump(now);
        TurnRequest::Wait(waiting)
    }

    /// Something that the next request may have, if there is anything.
    fn next_turn(&self, now: Instant) -> Option<ConnTurn<L>> {
        loop {
            let top = self.state.borrow_mut().spare.pop();
            let Some(member) = top else { break };
            let idle = now.saturating_duration_since(member.since.get());
            let unused_too_long = member.busy.get() == 0 && idle >= self.keep.min(member.link.keep());
            let expired = unused_too_long || member.link.outdated(now);
            if expired || !member.link.usable(idle) {
                member.listed.set(false);
                member.retired.set(expired || member.link.closed() || member.retired.get());
                continue; // dropped here, outside any borrow: its permit comes back before the limit is looked at
            }
            let busy = member.busy.get().saturating_add(1);
            let room = member.link.streams();
            if busy > room {
                member.listed.set(false); // it comes back when a request on it ends
                continue;
            }
            member.busy.set(busy);
            if busy < room {
                self.state.borrow_mut().spare.push(member.clone());
            } else {
                member.listed.set(false);
            }
            return Some(ConnTurn::Ride(Lease::new(member)));
        }
        if self.joins() { None } else { self.open_alone() }
    }

    /// Whether the next request waits for what others open.
    fn joins(&self) -> bool {
        let state = self.state.borrow();
        let (enough, each) = match self.shared.get() {
            Some(false) => return false,
            Some(true) => (1, self.room.get().unwrap_or(JOINERS).max(1)),
            None => (PIONEERS, JOINERS),
        };
        state.opening >= enough && state.queue.len() < self.max_waiting.min(state.opening.saturating_mul(each))
    }

    /// The same for a request that has waited long enough for what others open.
    pub(crate) fn open_after_all(&self) -> Option<ConnTurn<L>> {
        let turn = self.open_alone();
        self.publish();
        turn
    }

    /// The permit to open a connection, whoever waits; none at the limit.
    fn open_alone(&self) -> Option<ConnTurn<L>> {
        let mut state = self.state.borrow_mut();
        if state.open >= self.limit {
            return None;
        }
        state.open = state.open.saturating_add(1);
        state.opening = state.opening.saturating_add(1);
        Some(ConnTurn::Open(ConnectPermit::new(self.this.clone())))
    }

    /// Serves the front of the queue as long as there is something to give.
    pub(super) fn pump(&self, now: Instant) {
        // What a turn displaces may call back in here; the loop below sees its effect.
        if self.pumping.replace(true) {
            return;
        }
        while !self.state.borrow().queue.is_empty() {
            let Some(turn) = self.next_turn(now) else { break };
            let front = self.state.borrow_mut().queue.pop_front();
            let Some((_, seat)) = front else { break };
            seat.turn.set(Some(turn));
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        }
        self.pumping.set(false);
        self.publish();
    }

    /// Closes connections that were idle for too long or that the upstream has closed. Off the hot path.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut gone = Vec::new();
        self.state.borrow_mut().spare.retain(|member| {
            let idle = now.saturating_duration_since(member.since.get());
            let wanted = !member.link.hung_up() && !member.link.outdated(now);
            let stay = wanted && (member.busy.get() > 0 || idle < self.keep.min(member.link.keep()));
            if !stay {
                member.listed.set(false);
                member.retired.set(true);
                gone.push(member.clone());
            }
            stay
        });
        drop(gone);
        self.pump(now);
    }

    /// Closes every idle connection now and lists none again.
    pub(crate) fn close(&self) {
        let spare = std::mem::take(&mut self.state.borrow_mut().spare);
        for member in &spare {
            member.listed.set(false);
            member.retired.set(true);
        }
        drop(spare);
        self.publish();
    }

    pub(crate) fn shard(&self) -> &Arc<Shard> {
        &self.shard
    }

    pub(super) fn publish(&self) {
        let state = self.state.borrow();
        debug_assert!(state.open <= self.limit && state.queue.len() <= self.max_waiting, "the bounds hold");
        debug_assert!(state.opening <= state.open, "what is being opened has its permit");
        self.shard.open.set(state.open);
        self.shard.waiting.set(state.queue.len());
        let idle = if self.shared.get() == Some(true) {
            state.spare.iter().filter(|member| member.busy.get() == 0).count()
        } else {
            state.spare.len()
        };
        self.shard.idle.set(idle);
    }

    pub(super) fn give_back_permit(&self) {
        {
            let mut state = self.state.borrow_mut();
            state.open = state.open.saturating_sub(1);
        }
        self.pump(Instant::now());
    }
}

impl<L: Poolable> Drop for HostPool<L> {
    fn drop(&mut self) {
        self.shard.open.set(0);
        self.shard.idle.set(0);
        self.shard.waiting.set(0);
    }
}

impl<L: Poolable> Drop for PooledConn<L> {
    fn drop(&mut self) {
        if !self.replaced.get()
            && let Some(lane) = self.lane.upgrade()
        {
            lane.give_back_permit();
        }
    }
}

#[cfg(test)]
mod tests;
