//! One worker's connections to one upstream: an idle stack, a limit and a queue, without a lock and without I/O.
//!
//! Everything is an RAII guard, so that no cancellation can leak a place: a [`PooledConn`] *is* the permit of its
//! connection, a [`Lease`] is one request on it, an [`ConnectPermit`] is a permit whose connection is not there yet, and a
//! [`QueuedRequest`] is a place in the queue. Whenever one of them goes away, [`HostPool::pump`] serves the front of the queue.
//!
//! Invariant between calls: a request waits only while there is nothing that it could be given.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::stats::Shard;

mod guards;
pub(crate) use guards::{ConnectPermit, Lease, QueuedRequest};

/// How many requests wait for one HTTP/2 connection that is being opened before a second one is opened, while no
/// connection has told how many it carries: what RFC 9113 section 6.5.2 recommends as the least.
const JOINERS: usize = 100;
/// So many connections are opened at once while nobody knows whether one carries many requests: a second one, should the
/// first be slow.
const PIONEERS: usize = 2;

/// What a lane must know of a connection.
pub(crate) trait Poolable {
    /// Whether a further request may be put on it, after it had none for `idle`.
    fn usable(&self, idle: Duration) -> bool;
    /// Whether it will never take a request again.
    fn closed(&self) -> bool;
    /// Whether it is closed, as far as a look at it while it is idle can tell.
    fn hung_up(&self) -> bool {
        self.closed()
    }
    /// For how long it may be kept without a request, should that be less than the pool keeps it.
    fn keep(&self) -> Duration {
        Duration::MAX
    }
    /// Whether no further request is to be put on it, however well it does: it is old, or leads where nobody wants to go.
    fn outdated(&self, _: Instant) -> bool {
        false
    }
    /// How many requests it carries at once; with 1 a request that did not end cleanly ends the connection too.
    fn streams(&self) -> usize;
    /// Whether it belongs to a protocol that carries many requests at once.
    fn shared(&self) -> bool;
}

/// A connection and its permit.
pub(crate) struct PooledConn<L: Poolable> {
    link: L,
    busy: Cell<usize>,
    listed: Cell<bool>,
    retired: Cell<bool>,
    /// The permit has gone over to an [`ConnectPermit`].
    replaced: Cell<bool>,
    since: Cell<Instant>,
    lane: Weak<HostPool<L>>,
}

struct State<L: Poolable> {
    /// Permits out: connections and openings.
    open: usize,
    opening: usize,
    /// Connections that may take one more request, the most recently used last.
    spare: Vec<Rc<PooledConn<L>>>,
    queue: VecDeque<(u64, Rc<Waiter<L>>)>,
    serial: u64,
}

pub(crate) struct HostPool<L: Poolable> {
    limit: usize,
    max_waiting: usize,
    keep: Duration,
    /// Whether the last connection carried many requests, if one has told: decides whether a request joins an opening or
    /// opens for itself.
    shared: Cell<Option<bool>>,
    /// How many requests at once the last shared connection that served one carries.
    room: Cell<Option<usize>>,
    pumping: Cell<bool>,
    state: RefCell<State<L>>,
    shard: Arc<Shard>,
    this: Weak<Self>,
}

/// What a request is given to go on with.
pub(crate) enum ConnTurn<L: Poolable> {
    /// A place on a connection that is there.
    Ride(Lease<L>),
    /// The permit to open a connection.
    Open(ConnectPermit<L>),
}

/// The answer to a request for a turn.
pub(crate) enum TurnRequest<L: Poolable> {
    Now(ConnTurn<L>),
    Wait(QueuedRequest<L>),
    /// Limit reached and queue full.
    Full,
}

struct Waiter<L: Poolable> {
    turn: Cell<Option<ConnTurn<L>>>,
    waker: Cell<Option<Waker>>,
}

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
            state: RefCell::new(State { open: 0, opening: 0, spare: Vec::new(), queue: VecDeque::new(), serial: 0 }),
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
    fn pump(&self, now: Instant) {
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

    fn publish(&self) {
        let state = self.state.borrow();
        self.shard.open.set(state.open);
        self.shard.waiting.set(state.queue.len());
        let idle = if self.shared.get() == Some(true) {
            state.spare.iter().filter(|member| member.busy.get() == 0).count()
        } else {
            state.spare.len()
        };
        self.shard.idle.set(idle);
    }

    fn give_back_permit(&self) {
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
