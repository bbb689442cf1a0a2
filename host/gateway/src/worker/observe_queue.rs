//! Finished requests that wait for their observers, in bounded queues, and how many are at work on them.

mod queues;

use super::handle::SnapshotHandle;
use super::shared::Shared;
use queues::Queues;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Notify;
use weir_net::{ByteShare, ByteTotal};
use weir_sandbox::{Chain, Exchange, Origin, Outcome};

pub(crate) use queues::ObserveTurn;

/// Requests that are shown to observers at once: so many tenants may have one that takes long.
const RUNNERS: usize = 64;
/// Runners that stay when there is nothing to do.
const STAY: usize = 2;
/// Bytes of a request that are not counted.
const SMALL: usize = 16 << 10;

/// One finished request.
pub(crate) struct ObserveJob {
    pub(crate) chain: Arc<Chain>,
    pub(crate) exchange: Box<Exchange>,
    pub(crate) outcome: Arc<Outcome>,
    /// The generation that the chain is of.
    held: Rc<SnapshotHandle>,
    /// What it holds, as far as that counts.
    bytes: usize,
    memory: Option<ByteShare>,
}

impl ObserveJob {
    /// A request that was served from this snapshot.
    pub(crate) fn new(
        chain: Arc<Chain>,
        mut exchange: Box<Exchange>,
        outcome: Arc<Outcome>,
        held: &Rc<SnapshotHandle>,
    ) -> Self {
        let bytes = exchange.finish();
        let bytes = if bytes > SMALL { bytes } else { 0 };
        Self { chain, exchange, outcome, held: Rc::clone(held), bytes, memory: None }
    }

    /// Whether observers of an origin are to see it.
    pub(crate) fn wants(&self, origin: Origin) -> bool {
        self.chain.wants_observers(origin, &self.exchange.about.model)
    }

    /// Nobody sees it any more: that counts for each who should have.
    fn skip(&self, origin: Origin, shared: &Shared) {
        self.chain.skip_observers(origin, &self.exchange.about.model);
        if origin == Origin::Chain {
            // These would have come after.
            self.chain.skip_observers(Origin::Dropped, &self.exchange.about.model);
        }
        shared.stats.unobserved.fetch_add(1, Ordering::Relaxed);
    }
}

/// The queues of one worker, and who works on them.
#[derive(Default)]
pub(crate) struct Observers {
    queues: RefCell<Queues<ObserveJob>>,
    /// Runners that are not in the middle of a job.
    free: Cell<usize>,
    runners: Cell<usize>,
    /// There is a job and a runner for it; there is one and none.
    arrived: Notify,
    crowded: Notify,
    /// Nothing waits and nothing runs.
    done: Notify,
}

impl Observers {
    /// Queues a request for its observers.
    pub(crate) fn finished(&self, job: ObserveJob, shared: &Shared) {
        let origin = if job.wants(Origin::Chain) { Origin::Chain } else { Origin::Dropped };
        self.push(origin, job, shared);
    }

    /// Queues a request for its observers of one origin.
    pub(crate) fn push(&self, origin: Origin, mut job: ObserveJob, shared: &Shared) {
        let limits = &job.held.snapshot.config.limits;
        let (waiting, memory) = (limits.observe_waiting, limits.observe_memory);
        let tenant = job.chain.tenant();
        let mut queues = self.queues.borrow_mut();
        let room = queues.room(tenant, origin, (waiting, memory));
        job.memory = None;
        let fits = room.is_some_and(|room| job.bytes == 0 || take(&mut job, total(shared, origin), room));
        if !fits {
            drop(queues);
            return job.skip(origin, shared);
        }
        let bytes = job.bytes;
        queues.push((tenant, origin), job, bytes);
        self.call();
    }

    /// Has somebody look who is free, or somebody made who is.
    pub(crate) fn call(&self) {
        if self.free.get() > 0 { self.arrived.notify_one() } else { self.crowded.notify_one() }
    }

    /// Forgets the queues of tenants of whom nothing waits. For a timer.
    pub(crate) fn tidy(&self) {
        self.queues.borrow_mut().tidy();
    }

    /// Waits until nothing waits any more, and nothing runs.
    pub(crate) async fn drained(&self) {
        loop {
            let done = self.done.notified();
            if self.queues.borrow().is_idle() {
                return;
            }
            done.await;
        }
    }

    /// The next request to show, and whose turn it is.
    pub(crate) fn next(&self) -> Option<(ObserveTurn, ObserveJob)> {
        self.queues.borrow_mut().next()
    }

    /// Whether another one waits that may be shown now.
    pub(crate) fn has_next(&self) -> bool {
        self.queues.borrow().has_next()
    }

    /// A turn is over.
    pub(crate) fn end(&self, turn: ObserveTurn) {
        self.queues.borrow_mut().end(turn);
        if self.queues.borrow().is_idle() {
            self.done.notify_waiters();
        }
    }

    /// Counts a runner more, if all of them are in the middle of a job and there may be one.
    pub(crate) fn add_runner(&self) -> bool {
        let wanted = self.free.get() == 0 && self.runners.get() < RUNNERS;
        if wanted {
            self.runners.set(self.runners.get() + 1);
            self.free.set(self.free.get() + 1);
        }
        wanted
    }

    /// Counts one less, which is in the middle of nothing, if there are others.
    pub(crate) fn remove_runner(&self) -> bool {
        let spare = self.runners.get() > STAY;
        if spare {
            self.runners.set(self.runners.get() - 1);
            self.free.set(self.free.get() - 1);
        }
        spare
    }

    /// Waits until there is a job and a runner for it.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Waits until there is a job and no runner for it.
    pub(crate) async fn crowded(&self) {
        self.crowded.notified().await;
    }
}

/// Counts what a job holds, if there is room for it.
fn take(job: &mut ObserveJob, total: &Arc<ByteTotal>, room: usize) -> bool {
    let mut share = total.share();
    let fits = share.grow_to(job.bytes, room);
    job.memory = Some(share);
    fits
}

fn total(shared: &Shared, origin: Origin) -> &Arc<ByteTotal> {
    let [chain, dropped] = &shared.observe_memory;
    match origin {
        Origin::Chain => chain,
        Origin::Dropped => dropped,
    }
}

/// A runner that is in the middle of a job.
pub(crate) struct Busy<'a>(&'a Observers);

impl<'a> Busy<'a> {
    /// From now on, until it is dropped.
    pub(crate) fn on(observers: &'a Observers) -> Self {
        observers.free.set(observers.free.get() - 1);
        Self(observers)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
    }
}
