//! Finished requests on their way to `observe` plugins: bounded queues on each worker, off the hot path.
//!
//! Each tenant has a queue of its own, and one request at a time of each is shown to its observers, so that one that spins
//! keeps nobody but those behind it. The observers that the chain names see a request first; those that were dropped into
//! the folder stand in a queue of their own, and what becomes of that one is no matter to the others.

mod queues;

use crate::gate::{ByteShare, ByteTotal};
use crate::worker::{Shared, SnapshotHandle, Worker};
use queues::{ObserveTurn, Queues};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use tokio::sync::Notify;
use tokio::task::spawn_local;
use weir_sandbox::{Chain, Exchange, Origin, Outcome};

/// Requests that are shown to observers at once: so many tenants may have one that takes long.
const RUNNERS: usize = 64;
/// Runners that stay when there is nothing to do.
const STAY: usize = 2;
/// Bytes of a request that are not counted.
const SMALL: usize = 16 << 10;

/// One finished request.
pub(crate) struct ObserveJob {
    chain: Arc<Chain>,
    lent: Box<Exchange>,
    outcome: Arc<Outcome>,
    /// The generation that the chain is of.
    held: Rc<SnapshotHandle>,
    /// What it holds, as far as that counts.
    bytes: usize,
    memory: Option<ByteShare>,
}

impl ObserveJob {
    pub(crate) fn new(
        chain: Arc<Chain>,
        mut lent: Box<Exchange>,
        outcome: Arc<Outcome>,
        held: &Rc<SnapshotHandle>,
    ) -> Self {
        let bytes = lent.finish();
        let bytes = if bytes > SMALL { bytes } else { 0 };
        Self { chain, lent, outcome, held: Rc::clone(held), bytes, memory: None }
    }

    fn wants(&self, origin: Origin) -> bool {
        self.chain.wants_observers(origin, &self.lent.about.model)
    }

    /// Nobody sees it any more: that counts for each who should have.
    fn skip(&self, origin: Origin, shared: &Shared) {
        self.chain.skip_observers(origin, &self.lent.about.model);
        if origin == Origin::Chain {
            // These would have come after.
            self.chain.skip_observers(Origin::Dropped, &self.lent.about.model);
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

    fn push(&self, origin: Origin, mut job: ObserveJob, shared: &Shared) {
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
    fn call(&self) {
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

/// Has observers see what is finished, for ever: by one runner, and by more of them where one is held up.
pub(crate) async fn run(worker: Rc<Worker>) {
    let observers = &worker.observers;
    loop {
        if observers.free.get() == 0 && observers.runners.get() < RUNNERS {
            observers.runners.set(observers.runners.get() + 1);
            observers.free.set(observers.free.get() + 1);
            spawn_local(runner(Rc::clone(&worker)));
        }
        observers.crowded.notified().await;
    }
}

async fn runner(worker: Rc<Worker>) {
    let observers = &worker.observers;
    loop {
        let next = observers.queues.borrow_mut().next();
        match next {
            Some((turn, job)) => {
                show(&worker, turn, job).await;
                observers.queues.borrow_mut().end(turn);
                if observers.queues.borrow().is_idle() {
                    observers.done.notify_waiters();
                }
            }
            None if observers.runners.get() > STAY => break,
            None => observers.arrived.notified().await,
        }
    }
    observers.runners.set(observers.runners.get() - 1);
    observers.free.set(observers.free.get() - 1);
}

/// Shows a job to its observers. Whoever has to wait for them leaves the next jobs to others.
async fn show(worker: &Worker, (_, origin): ObserveTurn, mut job: ObserveJob) {
    let observers = &worker.observers;
    let mut lent = Some(job.lent);
    {
        let mut shown = pin!(worker.sandbox.observe_of(origin, &job.chain, &mut lent, &job.outcome));
        let first = poll_fn(|cx| Poll::Ready(shown.as_mut().poll(cx))).await;
        if first.is_pending() {
            let busy = Busy::on(observers);
            if observers.queues.borrow().has_next() {
                observers.call();
            }
            shown.await;
            drop(busy);
        }
    }
    let Some(lent) = lent else { return };
    job.lent = lent;
    if origin == Origin::Chain && job.wants(Origin::Dropped) {
        observers.push(Origin::Dropped, job, &worker.shared);
    }
}

/// A runner that is in the middle of a job.
struct Busy<'a>(&'a Observers);

impl<'a> Busy<'a> {
    fn on(observers: &'a Observers) -> Self {
        observers.free.set(observers.free.get() - 1);
        Self(observers)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
    }
}
