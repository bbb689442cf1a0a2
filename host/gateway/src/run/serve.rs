//! `weir serve`: builds everything, starts the workers, and then looks after them until the end.

use crate::admin::{self, Admin};
use crate::command::cli::Serve;
use crate::command::console;
use crate::control::callouts::CalloutConnector;
use crate::control::watch::Watch;
use crate::control::{
    self, Caution, ConfigReader, Control, Fixed, Live, ProblemSource, Status, Warned, apart, at, describe, nobody,
};
use crate::run::listeners::ListenAddress;
use crate::run::signals::{self, ShutdownTargets};
use crate::run::start::{look_up_hosts, open_cache, raise_descriptors, share, start_demo, start_workers, worker_count};
use crate::run::{allocator, log, notify};
use crate::telemetry::{metrics, removed};
use crate::worker::snapshot::Snapshot;
use anyhow::{Context, anyhow, bail};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use weir_config::{Config, Loaded, Looked, Overrides, Problem, Problems, Stamp};
use weir_sandbox::{Compiler, Library, LoadProblem, PluginSource, Sandbox};
use weir_server::Drainer;
use weir_upstream::HostNames;

/// The configuration as it was read at the start.
struct Start {
    config: Arc<Config>,
    text: String,
    /// What the file was before it was read.
    stamp: Option<Stamp>,
    /// What looks wrong in it, which has been said.
    warnings: Vec<Problem>,
}

/// Runs the gateway until it is told to stop.
pub(crate) fn serve(args: &Serve) -> anyhow::Result<ExitCode> {
    let file = args.file();
    let stamp = Stamp::of(&file);
    let reading = weir_config::read(&file, &args.overrides(), &Looked::default());
    if reading.log_json {
        console::speak_json();
    }
    let Some(loaded) = say_problems(reading.loaded, args.config.is_some()) else { return Ok(ExitCode::FAILURE) };
    log::start(&loaded.config.log)?;
    let Loaded { config, warnings } = loaded;
    allocator::allow_huge_pages(config.server.huge_pages);
    warnings.iter().for_each(|w: &Problem| console::warn(&format!("warning: {w}")));
    let start = Start { config: Arc::new(config), text: reading.text.unwrap_or_default(), stamp, warnings };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build_local(tokio::runtime::LocalOptions::default())?;
    let ended = runtime.block_on(run(args, start));
    // What still waits for a file or a name is not waited for.
    runtime.shutdown_background();
    ended
}

async fn run(args: &Serve, start: Start) -> anyhow::Result<ExitCode> {
    let config = Arc::clone(&start.config);
    let descriptors = raise_descriptors(&config);
    let [clients, probes] = ListenAddress::both(&config.server, args);
    // Before anything is compiled, which may take minutes.
    clients.look()?;
    probes.look()?;
    let demo = start_demo(&config)?;
    let sandbox = Sandbox::with_egress(Arc::new(CalloutConnector)).context("the plugin engine does not start")?;
    sandbox.set_shares(&config.plugins.shares);
    let mut library = Library::with_compiler(Arc::clone(&sandbox), open_cache(&config), Compiler::Process);
    // Watched from before the first look, so that no change falls between the two.
    let alone = config.plugins.reload;
    let watch = Watch::configuration(config.file.clone(), start.stamp, config.files.clone(), alone)?;
    let plugins = Arc::new(Watch::plugins(config.plugins.folder.clone(), alone)?);
    let (chains, problems) = library.build_start(&config, &mut console::progress).await;
    let (compiling, problems) = apart(problems);
    problems.iter().filter(|p| !p.open).flat_map(|p| at(&config, p)).for_each(|line| console::complain(&line));
    refuse_start(&problems)?;

    let workers = worker_count(&config);
    let hosts = HostNames::default();
    let snapshot = Snapshot::build(Arc::clone(&config), chains, None, (demo, &hosts)).map_err(|e| anyhow!(e))?;
    let shared = share(snapshot, sandbox, hosts, (workers, descriptors));
    shared.bound_series(config.limits.series);

    let listeners = clients.bind_each(workers)?;
    let listen = listeners.first().context("no listener")?.local_addr()?;
    let admin_listener = probes.bind()?;
    let admin_address = admin_listener.local_addr()?;

    // Before anybody is told that it runs: a signal that comes now must not meet the system's default.
    let (hangup, end) = (signal(SignalKind::hangup())?, signals::listen()?);
    let (drainer, drain) = Drainer::new();
    let threads = start_workers(&shared, listeners, &drain)?;
    let status = first_status(&config, &library, &problems, &compiling);
    let registry = metrics::registry(&shared, &status);
    admin::start(admin_listener, Admin { shared: Arc::clone(&shared), status: Arc::clone(&status), registry, drain })?;
    end.send(ShutdownTargets { drainer, shared: Arc::clone(&shared), workers: threads })
        .context("nobody listens to signals")?;
    console::ready(&config, &shared.snapshot.load().chains, listen, admin_address);
    notify::ready();
    control::warn(shared.snapshot.load().chains.plugins().iter());
    library.went_live();

    // Providers are looked for only now: a name that nobody answers for keeps nobody from being served.
    look_up_hosts(shared.hosts.clone())?;
    let (live, orders) = (Arc::new(Live::new(&shared, start.text)), Arc::default());
    let reader = ConfigReader {
        file: config.file.clone(),
        overrides: args.overrides(),
        watch,
        plugins: Arc::clone(&plugins),
        caution: Caution::default(),
        fixed: Fixed::default(),
        warned: Warned::new(&start.warnings),
        live: Arc::clone(&live),
        status: Arc::clone(&status),
        orders: Arc::clone(&orders),
    };
    reader.start(hangup)?;
    Control { library, status, shared, live, demo, watch: plugins, orders, removed: removed::ServingNames::default() }
        .run()
        .await;
    Ok(ExitCode::SUCCESS)
}

/// Whether there are problems with which nothing may serve. There is no last good version yet, and going without a plugin that
/// the chain names is the operator's to allow, one by one; what lies in the folder closes whom it is meant to apply to.
fn refuse_start(problems: &[weir_sandbox::LoadProblem]) -> anyhow::Result<()> {
    for problem in problems.iter().filter(|problem| !problem.open) {
        match &problem.source {
            PluginSource::Folder(below) if below.is_empty() => {
                bail!("what is in the plugin folder cannot be told, so that a policy might be missing from it")
            }
            PluginSource::Named(_) => {
                bail!("plugins that are bound do not load: mend or unbind them, or give them on_failure = \"open\"")
            }
            PluginSource::Folder(_) | PluginSource::All(_) | PluginSource::Tenant(..) => {}
        }
    }
    Ok(())
}

/// The configuration; none if it cannot serve, and then it has been said why. `is_named` is whether an option names the file.
pub(crate) fn load(file: &Path, overrides: &Overrides, is_named: bool) -> Option<Loaded> {
    say_problems(weir_config::load(file, overrides), is_named)
}

fn say_problems(loaded: Result<Loaded, Problems>, is_named: bool) -> Option<Loaded> {
    let problems = match loaded {
        Ok(loaded) => return Some(loaded),
        Err(problems) => problems,
    };
    problems.0.iter().for_each(|problem| console::complain(&problem.to_string()));
    // A file as a whole that nobody has named: it may not be the one that was meant.
    if problems.0.iter().all(|problem| problem.line == 0 && problem.key.is_empty()) && !is_named {
        let folder = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
        console::complain(&format!(
            "--config FILE names a configuration, or $WEIR_CONFIG; else config/weir.toml is read, or weir.toml, in {folder}"
        ));
    }
    None
}

/// What there is to be told of a start that has come so far: what is not as it should be, and what is still being made.
fn first_status(
    config: &Config,
    library: &Library,
    problems: &[LoadProblem],
    compiling: &[LoadProblem],
) -> Arc<Status> {
    let status = Status::default();
    status.set(ProblemSource::Building, problems.iter().flat_map(describe).collect(), false);
    status.set_compiling(control::compiling(compiling));
    status.set_warnings(control::strays(config, library.strays()));
    status.begin(ProblemSource::Nobody, nobody(config));
    Arc::new(status)
}
