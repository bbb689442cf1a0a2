//! `weir serve`: builds everything, starts the workers, and then looks after them until the end.

use crate::admin::{self, Admin};
use crate::cli::Serve;
use crate::console;
use crate::control::{Control, Status, describe};
use crate::drain::{Drain, Drainer};
use crate::egress::WayOut;
use crate::gate::Gate;
use crate::metrics;
use crate::snapshot::Snapshot;
use crate::stats::Stats;
use crate::watch::Watch;
use crate::worker::{self, Shared};
use anyhow::{Context, anyhow, bail};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use weir_config::{Config, Loaded, Overrides, Problem, ProviderKind};
use weir_ledger::Ledger;
use weir_sandbox::{Cache, Library, Sandbox};

/// Runs the gateway until it is told to stop.
pub(crate) fn serve(args: &Serve) -> anyhow::Result<ExitCode> {
    let file = args.file();
    let Some(loaded) = load(&file, &args.overrides()) else { return Ok(ExitCode::FAILURE) };
    start_log(&loaded.config)?;
    loaded.warnings.iter().for_each(|w: &Problem| console::complain(&format!("warning: {w}")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build_local(tokio::runtime::LocalOptions::default())?;
    runtime.block_on(run(args, file, Arc::new(loaded.config)))
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = std::env::var("WEIR_LOG").unwrap_or_else(|_| config.log.level.clone());
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).context("log.level or WEIR_LOG")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people at a terminal; a log file would keep their control codes.
    let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = if config.log.json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|e| anyhow!("log: {e}"))
}

async fn run(args: &Serve, file: PathBuf, config: Arc<Config>) -> anyhow::Result<ExitCode> {
    let demo = start_demo(&config)?;
    let sandbox = Sandbox::with_egress(Arc::new(WayOut)).context("the plugin engine does not start")?;
    let mut library = Library::new(Arc::clone(&sandbox), open_cache(&config));
    // Watched from before the first look, so that no change falls between the two.
    let watch = config.plugins.reload.then(|| Watch::new(&config.file, &config.plugins.folder));
    let (chains, problems) = library.build(&config, &mut console::progress).await;
    // There is no last good version yet, and going without a policy is the operator's to allow, plugin by plugin.
    if problems.iter().any(|p| !p.open) {
        problems.iter().for_each(|p| console::complain(&at(&config, p)));
        bail!("plugins that are bound do not load: mend or unbind them, or give them on_failure = \"open\"");
    }

    let workers = worker_count(&config);
    let snapshot = Snapshot::build(Arc::clone(&config), chains, None, demo).map_err(|e| anyhow!(e))?;
    snapshot.resolve(None).await;
    let shared = Arc::new(Shared {
        snapshot: ArcSwap::from_pointee(snapshot),
        sandbox,
        stats: Arc::new(Stats::new(config.limits.series)),
        ledger: Arc::new(Ledger::new(config.limits.series)),
        connections: Arc::new(Gate::default()),
        in_flight: Arc::new(Gate::default()),
        workers,
    });

    let listeners = worker::listeners(config.server.listen, workers)
        .with_context(|| format!("cannot listen on {}: is another gateway running there?", config.server.listen))?;
    let listen = listeners.first().context("no listener")?.local_addr()?;
    let admin_listener = tokio::net::TcpListener::bind(config.server.admin)
        .await
        .with_context(|| format!("cannot listen on {} for the admin API", config.server.admin))?;
    let admin_address = admin_listener.local_addr()?;

    // Before anybody is told that it runs: a signal that comes now must not meet the system's default.
    let signals = Signals::new()?;
    let (drainer, drain) = Drainer::new();
    let threads = start_workers(&shared, listeners, &drain)?;
    let status = Arc::new(Status::default());
    status.set(problems.iter().map(describe).collect());
    let registry = metrics::registry(&shared, &status);
    let admin = Admin { shared: Arc::clone(&shared), status: Arc::clone(&status), registry, drain };
    tokio::task::spawn_local(admin::serve(admin_listener, Rc::new(admin)));
    console::ready(&config, &shared.snapshot.load().chains, listen, admin_address);

    let overrides = args.overrides();
    let control =
        Control { library, status, shared: Arc::clone(&shared), overrides, file, demo, config_problems: vec![] };
    tokio::task::spawn_local(reloads(control, watch, signals.hangup));
    tokio::task::spawn_local(resolutions(Arc::clone(&shared)));
    end(&drainer, &shared, threads, (signals.terminate, signals.interrupt)).await
}

/// A plugin's problem, at the line of the configuration that binds it if there is one.
pub(crate) fn at(config: &Config, problem: &weir_sandbox::Problem) -> String {
    let named = |b: &&weir_config::Binding| matches!(&problem.source, weir_sandbox::Source::Named(n) if *n == b.plugin);
    match config.plugins.chain.iter().find(named) {
        Some(binding) => {
            format!("{}:{}: plugins.chain.{}: {}", binding.file.display(), binding.line, binding.plugin, problem.error)
        }
        None => format!("{}: {}", problem.source.path(&config.plugins.folder).display(), problem.error),
    }
}

/// The signals that the gateway listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let [terminate, interrupt, hangup] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, hangup: hangup? })
    }
}

fn start_demo(config: &Config) -> anyhow::Result<Option<SocketAddr>> {
    let wanted = config.providers.iter().any(|p| p.kind == ProviderKind::Demo);
    wanted.then(crate::demo::start).transpose().context("the demo provider does not start")
}

/// The configuration; none if it cannot serve, and then it has been said why.
pub(crate) fn load(file: &Path, overrides: &Overrides) -> Option<Loaded> {
    weir_config::load(file, overrides).inspect_err(|problems| console::complain(&problems.to_string())).ok()
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
            tracing::warn!(%why, "no cache of compiled plugins: each start compiles them");
            None
        }
    }
}

fn worker_count(config: &Config) -> usize {
    match config.server.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    }
}

fn start_workers(
    shared: &Arc<Shared>,
    listeners: Vec<std::net::TcpListener>,
    drain: &Drain,
) -> anyhow::Result<Vec<JoinHandle<std::io::Result<()>>>> {
    let start = |(index, listener)| {
        let (shared, drain) = (Arc::clone(shared), drain.clone());
        let thread = std::thread::Builder::new().name(format!("weir-{index}"));
        Ok(thread.spawn(move || worker::run(index, &shared, listener, drain))?)
    };
    listeners.into_iter().enumerate().map(start).collect()
}

async fn reloads(mut control: Control, mut watch: Option<Watch>, mut hangup: Signal) {
    loop {
        let changed = async {
            match &mut watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            _ = hangup.recv() => {}
            () = control.trials_decided() => {}
        }
        control.reload().await;
    }
}

/// Providers may move: their names are looked up here, and never on the way of a request.
async fn resolutions(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(Duration::from_secs(30)).await;
        shared.snapshot.load_full().resolve(None).await;
    }
}

/// Waits for SIGTERM or SIGINT, drains, and ends; a second signal ends at once.
async fn end(
    drainer: &Drainer,
    shared: &Shared,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    (mut terminate, mut interrupt): (Signal, Signal),
) -> anyhow::Result<ExitCode> {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    let grace = shared.snapshot.load().config.server.drain;
    console::say(&format!("draining for at most {} s; a second signal ends at once", grace.as_secs_f64()));
    drainer.begin(grace);
    let workers = tokio::task::spawn_blocking(move || {
        let joined = threads.into_iter().map(JoinHandle::join);
        joined.filter(|r| !matches!(r, Ok(Ok(())))).count()
    });
    tokio::select! {
        failed = workers => match failed? {
            0 => Ok(ExitCode::SUCCESS),
            n => bail!("{n} workers ended badly"),
        },
        _ = terminate.recv() => std::process::exit(1),
        _ = interrupt.recv() => std::process::exit(1),
    }
}
