//! One serving thread: its listener, its upstream connections, its plugin instances. No request waits for another thread's: docs/architecture.md says which
//! locks there are all the same.

use crate::connection;
use crate::drain::Drain;
use crate::figures::Figures;
use crate::gate::{ByteTotal, ConcurrencyLimit, Permit};
use crate::observe::{self, ObserveJob, Observers};
use crate::seldom::Seldom;
use crate::snapshot::Snapshot;
use crate::stats::RequestStats;
use arc_swap::ArcSwap;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;
use weir_dialect::AskShapes;
use weir_dialect::answer::AnswerShapes;
use weir_ledger::Ledger;
use weir_sandbox::{Chain, Exchange, Outcome, Sandbox};
use weir_upstream::plan::Backoff;
use weir_upstream::{ConnectionPool, HostNames};

/// How long observers of finished requests may go on after the drain's end.
const LAST_MOMENT: Duration = Duration::from_millis(700);

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) stats: Arc<RequestStats>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) connections: Arc<ConcurrencyLimit>,
    pub(crate) refused: RefusedConnections,
    /// A client's connection whose descriptor has this number, or a higher one, is refused.
    pub(crate) descriptors: u64,
    pub(crate) in_flight: Arc<ConcurrencyLimit>,
    /// Requests that the end of the drain has broken off.
    pub(crate) cut: AtomicU64,
    /// Bytes of requests' bodies, and of whole answers that were not sent yet.
    pub(crate) request_memory: Arc<ByteTotal>,
    pub(crate) response_memory: Arc<ByteTotal>,
    /// Bytes of finished requests that wait for observers: those of the chain, and those that were dropped.
    pub(crate) observe_memory: [Arc<ByteTotal>; 2],
    pub(crate) workers: usize,
    /// The hosts of all providers, whose addresses are looked up beside everything else.
    pub(crate) hosts: HostNames,
}

impl Shared {
    /// Bounds the series of all figures as a configuration says that begins to serve.
    pub(crate) fn bound_series(&self, limit: usize) {
        self.stats.set_limit(limit);
        self.ledger.set_limit(limit);
        self.sandbox.meter().set_limit(limit);
    }
}

/// Connections that were not served, by why, and the log lines that say so.
#[derive(Debug, Default)]
pub(crate) struct RefusedConnections {
    /// There were as many as `limits.connections`.
    pub(crate) limit: AtomicU64,
    /// Clients had as many descriptors as they may have.
    pub(crate) descriptors: AtomicU64,
    said: Seldom,
    not_accepted: Seldom,
}

impl RefusedConnections {
    fn count(&self, counter: &AtomicU64, why: &str) {
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(times) = self.said.now() {
            tracing::warn!(times, "client connections are refused: {why}");
        }
    }
}

/// The snapshot as one worker holds it: counted on this thread alone, so that requests do not fight over one counter.
#[derive(Debug)]
pub(crate) struct SnapshotHandle {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Where the worker counts what it serves from this snapshot.
    pub(crate) figures: Figures,
    /// What the answers of each provider look like, by its place in the snapshot.
    pub(crate) shapes: Box<[RefCell<AnswerShapes>]>,
}

impl SnapshotHandle {
    fn new(worker: usize, shared: &Shared, snapshot: Arc<Snapshot>) -> Rc<Self> {
        let config = &snapshot.config;
        let by_tenant = config.metrics.tenant_histograms;
        let figures = Figures::new(worker, &shared.stats, &shared.ledger, by_tenant, config.limits.series);
        let shapes = snapshot.providers.iter().map(|_| RefCell::default()).collect();
        Rc::new(Self { snapshot, figures, shapes })
    }
}

/// A worker. Lives on its thread.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sandbox: weir_sandbox::SandboxWorker,
    pub(crate) pool: ConnectionPool,
    /// What its client connections read into and write in.
    pub(crate) clients: crate::http1::ServerBuffers,
    pub(crate) backoff: RefCell<Backoff>,
    pub(crate) ids: crate::request_id::Ids,
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
    fn new(index: usize, shared: &Arc<Shared>, drain: Drain) -> Rc<Self> {
        let held = SnapshotHandle::new(index, shared, shared.snapshot.load_full());
        Rc::new(Self {
            index,
            shared: Arc::clone(shared),
            sandbox: weir_sandbox::SandboxWorker::new(),
            pool: ConnectionPool::new(shared.workers),
            clients: crate::http1::ServerBuffers::default(),
            backoff: RefCell::default(),
            ids: crate::request_id::Ids::new(),
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
    pub(crate) fn admit(&self, limit: usize) -> Option<Permit> {
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
        lent: Box<Exchange>,
        outcome: Arc<Outcome>,
        held: &Rc<SnapshotHandle>,
    ) {
        self.observers.finished(ObserveJob::new(chain, lent, outcome, held), &self.shared);
    }
}

/// Runs a worker on the calling thread until the drain is over.
pub(crate) fn run(index: usize, shared: &Arc<Shared>, listener: TcpListener, drain: Drain) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let ended = runtime.block_on(async {
        let worker = Worker::new(index, shared, drain);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        spawn_local(housekeeping(Rc::clone(&worker)));
        spawn_local(observe::run(Rc::clone(&worker)));
        spawn_local(worker.sandbox.lead());
        accept(&worker, listener).await;
        worker.drain.clone().finished(&shared.connections).await;
        // Observers get a moment more at the most: a plugin that spins must not keep the process from ending.
        let end = worker.drain().end() + LAST_MOMENT;
        let _ = tokio::time::timeout_at(end, worker.observers.drained()).await;
        Ok(())
    });
    // A name that a plugin's callout asked for may still be looked up by a thread that nobody can stop.
    runtime.shutdown_background();
    ended
}

/// Accepts until the drain begins.
async fn accept(worker: &Rc<Worker>, listener: tokio::net::TcpListener) {
    let mut drain = worker.drain();
    loop {
        let accepted = tokio::select! {
            biased;
            () = drain.begun() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(why) => {
                // Out of descriptors, most likely: give the connections that are open time to end.
                if let Some(times) = worker.shared.refused.not_accepted.now() {
                    tracing::warn!(%why, times, "cannot accept");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        take_in(worker, stream);
    }
    // Who had connected before the drain began may have asked already; dropping the listener would reset them.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, _)) = listener.accept() {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        stream.into_iter().for_each(|stream| take_in(worker, stream));
    }
}

/// Serves a connection, if there is a place for it.
fn take_in(worker: &Rc<Worker>, stream: TcpStream) {
    let limit = worker.held().snapshot.config.limits.connections;
    let refused = &worker.shared.refused;
    // Closing at once is the only answer that costs nothing.
    if u64::try_from(stream.as_raw_fd()).unwrap_or_default() >= worker.shared.descriptors {
        return refused.count(&refused.descriptors, "clients have as many descriptors as they may have (ulimit -n)");
    }
    let Some(place) = worker.shared.connections.enter(limit) else {
        return refused.count(&refused.limit, "there are as many as limits.connections");
    };
    worker.shared.stats.accepted.fetch_add(1, Ordering::Relaxed);
    let worker = Rc::clone(worker);
    spawn_local(async move {
        connection::serve(worker, stream).await;
        drop(place);
    });
}

async fn housekeeping(worker: Rc<Worker>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = second.tick() => {}
            // Somebody, on this thread or another, has found no place for an instance.
            () = worker.shared.sandbox.pressed() => {
                worker.sandbox.give_up(&worker.shared.sandbox);
                continue;
            }
        }
        // A worker without requests must not keep an old generation alive.
        drop(worker.held());
        worker.sandbox.tidy(Instant::now());
        worker.sandbox.give_up(&worker.shared.sandbox);
        worker.observers.tidy();
        worker.pool.close_idle();
        worker.clients.trim();
        crate::allocator::give_back();
        worker.ids.look_at_clock();
        // An idle worker lets go of an old snapshot, too.
        worker.held();
    }
}

/// Listeners on one address for all workers; the kernel spreads connections over them.
pub(crate) fn listeners(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    use socket2::{Domain, Protocol, Socket, Type};
    // The kernel would let another process of ours share the port, and with it our clients: one plain listener first.
    let alone = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    alone.set_reuse_address(true)?;
    alone.bind(&address.into())?;
    alone.listen(1)?;
    drop(alone);
    let mut address = address;
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(4096)?;
        let listener: TcpListener = socket.into();
        // With port 0 the first listener gets one, and the others share it.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(listeners)
}
