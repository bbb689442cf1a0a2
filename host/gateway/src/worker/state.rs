//! A worker: all that one serving thread has.

use super::handle::SnapshotHandle;
use super::observe_queue::{ObserveJob, Observers};
use super::shared::Shared;
use crate::request::request_id::Ids;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use weir_dialect::AskShapes;
use weir_net::InFlight;
use weir_sandbox::{Chain, Exchange, Outcome, SandboxWorker};
use weir_server::{ConnShared, Drain};
use weir_upstream::Backoff;
use weir_upstream::ConnectionPool;

/// A worker. Lives on its thread.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sandbox: SandboxWorker,
    pub(crate) pool: ConnectionPool,
    /// What its client connections share.
    pub(crate) clients: Rc<ConnShared>,
    pub(crate) backoff: RefCell<Backoff>,
    pub(crate) ids: Ids,
    /// What the latest requests look like.
    pub(crate) asks: RefCell<AskShapes>,
    held: RefCell<Rc<SnapshotHandle>>,
    drain: Drain,
    pub(crate) observers: Observers,
    empty: Arc<str>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker without connections yet.
    pub(crate) fn new(index: usize, shared: &Arc<Shared>, drain: Drain) -> Rc<Self> {
        let held = SnapshotHandle::new(index, shared, shared.snapshot.load_full());
        let clients = ConnShared::new(Arc::clone(&shared.request_memory), Arc::clone(&shared.server));
        Rc::new(Self {
            index,
            shared: Arc::clone(shared),
            sandbox: SandboxWorker::new(),
            pool: ConnectionPool::new(shared.workers),
            clients: Rc::new(clients),
            backoff: RefCell::default(),
            ids: Ids::new(),
            asks: RefCell::default(),
            held: RefCell::new(held),
            drain,
            observers: Observers::default(),
            empty: "".into(),
        })
    }

    /// The snapshot that serves requests which begin now.
    pub(crate) fn held(&self) -> Rc<SnapshotHandle> {
        let current = self.shared.snapshot.load();
        let mut held = self.held.borrow_mut();
        if !Arc::ptr_eq(&current, &held.snapshot) {
            let old =
                std::mem::replace(&mut *held, SnapshotHandle::new(self.index, &self.shared, Arc::clone(&current)));
            old.figures.forget();
        }
        Rc::clone(&held)
    }

    /// When the end begins, and when it is over.
    pub(crate) fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// Waits for a part of a request until the drain is over; nothing if that comes first.
    pub(crate) fn until_over<F: Future>(&self, future: Pin<&mut F>) -> impl Future<Output = Option<F::Output>> {
        self.drain.until_over(future)
    }

    /// Whether the drain is over, and what is not settled yet will not be.
    pub(crate) fn is_over(&self) -> bool {
        self.drain.has_begun() && self.drain.is_over()
    }

    /// A place among the requests in flight.
    pub(crate) fn admit(&self, limit: usize) -> Option<InFlight> {
        self.shared.in_flight.enter(limit)
    }

    /// The empty string, shared.
    pub(crate) fn empty(&self) -> Arc<str> {
        Arc::clone(&self.empty)
    }

    /// Queues a finished request for its observers.
    pub(crate) fn observe(
        &self,
        chain: Arc<Chain>,
        exchange: Box<Exchange>,
        outcome: Arc<Outcome>,
        held: &Rc<SnapshotHandle>,
    ) {
        self.observers.finished(ObserveJob::new(chain, exchange, outcome, held), &self.shared);
    }
}
