//! What a [`HostPool`] consists of, and the guards that requests hold of it. What the pool does is in `host_pool.rs`, what
//! happens when a guard goes away in `guards.rs`; each needs all of these.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::stats::Shard;

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
pub(super) struct PooledConn<L: Poolable> {
    pub(super) link: L,
    pub(super) busy: Cell<usize>,
    pub(super) listed: Cell<bool>,
    pub(super) retired: Cell<bool>,
    /// The permit has gone over to an [`ConnectPermit`].
    pub(super) replaced: Cell<bool>,
    pub(super) since: Cell<Instant>,
    pub(super) lane: Weak<HostPool<L>>,
}

/// What changes of a pool.
pub(super) struct HostPoolState<L: Poolable> {
    /// Permits out: connections and openings.
    pub(super) open: usize,
    pub(super) opening: usize,
    /// Connections that may take one more request, the most recently used last.
    pub(super) spare: Vec<Rc<PooledConn<L>>>,
    pub(super) queue: VecDeque<(u64, Rc<Waiter<L>>)>,
    pub(super) serial: u64,
}

/// One worker's connections to one upstream.
pub(crate) struct HostPool<L: Poolable> {
    pub(super) limit: usize,
    pub(super) max_waiting: usize,
    pub(super) keep: Duration,
    /// Whether the last connection carried many requests, if one has told: decides whether a request joins an opening or
    /// opens for itself.
    pub(super) shared: Cell<Option<bool>>,
    /// How many requests at once the last shared connection that served one carries.
    pub(super) room: Cell<Option<usize>>,
    pub(super) pumping: Cell<bool>,
    pub(super) state: RefCell<HostPoolState<L>>,
    pub(super) shard: Arc<Shard>,
    pub(super) this: Weak<Self>,
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

/// Where a request that waits is given its turn.
pub(super) struct Waiter<L: Poolable> {
    pub(super) turn: Cell<Option<ConnTurn<L>>>,
    pub(super) waker: Cell<Option<Waker>>,
}

/// One request's place on a connection. Dropped between [`Lease::begin`] and [`Lease::release`], it takes an unshared
/// connection down with it.
pub(crate) struct Lease<L: Poolable> {
    pub(super) member: Rc<PooledConn<L>>,
    pub(super) dirty: Cell<bool>,
}

/// The permit for a connection that is being opened; dropped, it goes to the next request.
pub(crate) struct ConnectPermit<L: Poolable> {
    pub(super) lane: Weak<HostPool<L>>,
    pub(super) armed: bool,
}

/// A place in the queue; dropped, it or what it was given goes to the next.
pub(crate) struct QueuedRequest<L: Poolable> {
    pub(super) lane: Weak<HostPool<L>>,
    pub(super) id: u64,
    pub(super) seat: Rc<Waiter<L>>,
}
