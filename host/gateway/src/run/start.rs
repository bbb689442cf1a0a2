//! What a start takes: descriptors, the cache of compiled code, what all workers share, and their threads.

use crate::control::demo;
use crate::run::{descriptors, thread};
use crate::telemetry::stats::RequestStats;
use crate::worker::pins::ResponsePins;
use crate::worker::snapshot::Snapshot;
use crate::worker::{RefusedConnections, Shared, UnheardAnswers};
use anyhow::Context;
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use weir_config::{Config, ProviderKind};
use weir_ledger::Ledger;
use weir_net::ConcurrencyLimit;
use weir_sandbox::{Cache, Sandbox};
use weir_server::{Drain, ServerCounters};
use weir_upstream::HostNames;

/// How many descriptors there may be; says where they are fewer than the configuration needs.
pub(super) fn raise_descriptors(config: &Config) -> u64 {
    let descriptors = descriptors::raise();
    if let Some(warning) = descriptors::warning(descriptors, config.limits.connections) {
        tracing::warn!("{warning}");
    }
    descriptors
}

/// The cache of compiled code. Without one the gateway works, and compiles at each start.
pub(crate) fn open_cache(config: &Config) -> Option<Cache> {
    let home = || {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache"))).map(|d| d.join("weir/compiled"))
    };
    let folder = config.plugins.cache.clone().or_else(home)?;
    match Cache::open(&folder) {
        Ok(cache) => Some(cache),
        Err(why) => {
            tracing::warn!(%why, "no cache of compiled plugins: each start compiles them, and forgets which versions of signed ones have served");
            None
        }
    }
}

/// How many workers serve: those of the configuration, or one for each core.
pub(super) fn worker_count(config: &Config) -> usize {
    match config.server.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

/// Starts the demo provider, if the configuration has one, and answers where it listens.
pub(super) fn start_demo(config: &Config) -> anyhow::Result<Option<SocketAddr>> {
    let wanted = config.providers.iter().any(|p| p.kind == ProviderKind::Demo);
    wanted.then(demo::start).transpose().context("the demo provider does not start")
}

/// What all workers share from the first moment on.
pub(super) fn share(
    snapshot: Snapshot,
    sandbox: Arc<Sandbox>,
    hosts: HostNames,
    (workers, descriptors): (usize, u64),
) -> Arc<Shared> {
    let series = snapshot.config.limits.series;
    Arc::new(Shared {
        snapshot: ArcSwap::from_pointee(snapshot),
        sandbox,
        stats: Arc::new(RequestStats::new(series)),
        ledger: Arc::new(Ledger::new(series)),
        server: Arc::new(ServerCounters::default()),
        connections: Arc::new(ConcurrencyLimit::default()),
        refused: RefusedConnections::default(),
        descriptors: descriptors::for_clients(descriptors),
        in_flight: Arc::new(ConcurrencyLimit::default()),
        unverified: Arc::new(ConcurrencyLimit::default()),
        unheard: UnheardAnswers::default(),
        cut: AtomicU64::default(),
        request_memory: Arc::default(),
        response_memory: Arc::default(),
        observe_memory: Default::default(),
        pins: ResponsePins::default(),
        workers,
        hosts,
    })
}

/// Starts the workers, each on a thread and a listener of its own.
pub(super) fn start_workers(
    shared: &Arc<Shared>,
    listeners: Vec<std::net::TcpListener>,
    drain: &Drain,
) -> anyhow::Result<Vec<JoinHandle<std::io::Result<()>>>> {
    let start = |(index, listener)| {
        let (shared, drain) = (Arc::clone(shared), drain.clone());
        let thread = std::thread::Builder::new().name(format!("weir-{index}"));
        Ok(thread.spawn(move || thread::run(index, &shared, listener, drain))?)
    };
    listeners.into_iter().enumerate().map(start).collect()
}

/// Has the names of providers looked up by a thread of its own, for as long as the process runs.
pub(super) fn look_up_hosts(hosts: HostNames) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("weir-hosts".to_owned()).spawn(move || runtime.block_on(hosts.keep()))?;
    Ok(())
}
