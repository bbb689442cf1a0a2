//! What all workers share.

use crate::telemetry::stats::RequestStats;
use crate::worker::pins::ResponsePins;
use crate::worker::snapshot::Snapshot;
use crate::worker::unheard::UnheardAnswers;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use weir_ledger::Ledger;
use weir_net::{ByteTotal, ConcurrencyLimit};
use weir_sandbox::Sandbox;
use weir_series::RareLine;
use weir_server::ServerCounters;
use weir_upstream::HostNames;

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) stats: Arc<RequestStats>,
    pub(crate) ledger: Arc<Ledger>,
    /// What client connections count.
    pub(crate) server: Arc<ServerCounters>,
    pub(crate) connections: Arc<ConcurrencyLimit>,
    pub(crate) refused: RefusedConnections,
    /// A client's connection whose descriptor has this number, or a higher one, is refused.
    pub(crate) descriptors: u64,
    pub(crate) in_flight: Arc<ConcurrencyLimit>,
    /// Answers whose clients have left.
    pub(crate) unheard: UnheardAnswers,
    /// Those of whom it is not known yet whose they are.
    pub(crate) unverified: Arc<ConcurrencyLimit>,
    /// Requests that the end of the drain has broken off.
    pub(crate) cut: AtomicU64,
    /// Bytes of requests' bodies, and of whole answers that were not sent yet.
    pub(crate) request_memory: Arc<ByteTotal>,
    pub(crate) response_memory: Arc<ByteTotal>,
    /// Bytes of finished requests that wait for observers: those of the chain, and those that were dropped.
    pub(crate) observe_memory: [Arc<ByteTotal>; 2],
    /// Which provider keeps which answer, for whom.
    pub(crate) pins: ResponsePins,
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
    /// How often lines say that connections are refused.
    said: RareLine,
    /// The same of those that the system does not hand over.
    pub(crate) not_accepted: RareLine,
}

impl RefusedConnections {
    /// Counts one, and says so now and then.
    pub(crate) fn count(&self, counter: &AtomicU64, why: &str) {
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(times) = self.said.now(Instant::now()) {
            tracing::warn!(times, "client connections are refused: {why}");
        }
    }
}
