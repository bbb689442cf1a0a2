//! A reload, in two halves. The first reads the configuration and takes away what it takes away (`reader.rs`); the second,
//! here on the control thread, builds what it says and swaps it in as a whole. It may wait for files and compilers. Nothing
//! here is on the way of a request, and nothing that fails here stops what serves.

pub(crate) mod callouts;
mod caution;
pub(crate) mod demo;
mod events;
mod fixed;
pub(crate) mod latest;
mod live;
mod missing;
mod reader;
mod reload_order;
mod status;
mod warned;
pub(crate) mod watch;
mod words;

pub(crate) use caution::Caution;
pub(crate) use events::warn;
pub(crate) use fixed::Fixed;
pub(crate) use live::Live;
pub(crate) use reader::ConfigReader;
pub(crate) use reload_order::ReloadOrder;
pub(crate) use status::{ProblemSource, Status};
pub(crate) use warned::Warned;
pub(crate) use words::{apart, at, compiling, describe, half_of_answers, named, nobody, strays};

use status::{NotApplied, StatusProblem};

use crate::control::latest::Latest;
use crate::control::watch::Watch;
use crate::telemetry::removed::ServingNames;
use crate::worker::Shared;
use crate::worker::snapshot::Snapshot;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weir_config::{Config, Looked, ProviderKind, counted};
use weir_sandbox::{Chains, Checkpoint, Library, LoadProblem, PluginSource, TrialOutcome};

/// How often a new version on trial is compared with the old one.
const LOOK_AT_TRIALS: Duration = Duration::from_millis(200);

/// How often what is kept of files that are gone is looked at, where there is any.
const SWEEP: Duration = Duration::from_secs(1);
/// How often what was kept of who is gone is looked at where no scrape does.
const LET_GO: Duration = Duration::from_secs(5);
/// How long a reload waits for what has to be compiled and tried out for it.
const MOMENT: Duration = Duration::from_millis(300);

/// Everything that building needs.
pub(crate) struct Control {
    pub(crate) library: Library,
    pub(crate) status: Arc<Status>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) live: Arc<Live>,
    pub(crate) demo: Option<SocketAddr>,
    /// The watch of the plugin folder.
    pub(crate) watch: Arc<Watch>,
    pub(crate) orders: Arc<Latest<ReloadOrder>>,
    /// What is kept of what no longer serves.
    pub(crate) removed: ServingNames,
}

/// What was built and is to be swapped in, and what was there before.
struct Built {
    config: Arc<Config>,
    /// The text that it was read from, if it is not the configuration that serves.
    text: Option<String>,
    chains: Arc<Chains>,
    /// What serves once it is compiled.
    compiling: Vec<LoadProblem>,
    problems: Vec<LoadProblem>,
    before: Checkpoint,
    /// Why it is not what the files say, beside the problems.
    refused: Vec<StatusProblem>,
}

impl Control {
    /// Builds whenever there is an order, or a trial is decided; for ever.
    pub(crate) async fn run(mut self) {
        let mut last: Option<ReloadOrder> = None;
        let prepared = self.library.prepared();
        loop {
            let order = tokio::select! {
                order = self.orders.next() => {
                    // Whoever writes files again and again must not keep a trial from being decided.
                    decide_trials(&mut self.library);
                    order
                }
                () = trials_decided(&mut self.library, || self.removed.let_go(&self.shared)) => again(last.as_ref()),
                () = prepared.next() => again(last.as_ref()),
            };
            self.reload(order.clone()).await;
            // What is compiled for a file that is another one by now, or is gone, is not waited for.
            self.library.settle();
            last = Some(order);
        }
    }

    /// Builds what an order says and swaps what serves, or says why not.
    async fn reload(&mut self, mut order: ReloadOrder) {
        let found = self.watch.look().await;
        order.plugins.extend(found.changed);
        let (old, _) = self.live.whole();
        let looked = &found.looked;
        let (config, text) = match order.next.take() {
            Some((config, text)) => (config, Some(text)),
            None => (Arc::clone(&old.config), None),
        };
        let changes = weir_config::diff(&old.config, &config);
        self.library.judged(&self.live.judged().plugins);
        if order.asked {
            self.library.read_anew();
        }
        let before = self.library.checkpoint();
        let mut refused = self.start_demo(&config).err().into_iter().map(StatusProblem::wrong).collect::<Vec<_>>();
        let (chains, problems) = self.build(&config, looked).await;
        let (mut compiling, problems) = apart(problems);
        let waits = compiling.iter().filter(|problem| unserved_by_chain(problem)).count();
        if changes.is_empty() || !(waits > 0 || problems.iter().any(unserved_by_chain)) {
            changes.iter().for_each(|change| tracing::info!("configuration: {change}"));
            let built = Built { config, text, chains, compiling, problems, before, refused };
            return self.publish(&old, built, &order);
        }
        // The new configuration names plugins that cannot serve, or not yet: the old one stays, with the plugins it had.
        let unserved = problems.iter().filter(|problem| unserved_by_chain(problem));
        refused.extend(unserved.flat_map(|problem| words::describe_refused(&config, problem)));
        if waits > 0 {
            let waits = counted(waits, "plugin that it names is", "plugins that it names are");
            tracing::info!("configuration: it goes live once {waits} compiled");
        }
        self.library.restore(before.clone());
        let config = Arc::clone(&old.config);
        let (chains, problems) = self.library.build_still(&config, looked, &mut events::log_event).await;
        let (more, problems) = apart(problems);
        compiling.extend(more);
        self.publish(&old, Built { config, text: None, chains, compiling, problems, before, refused }, &order);
    }

    /// Builds with what is ready. What has to be compiled or tried out first is waited for a moment only, so that what changed at once goes
    /// live at once where that is quick.
    async fn build(&mut self, config: &Config, looked: &Looked) -> (Arc<Chains>, Vec<LoadProblem>) {
        let (prepared, end) = (self.library.prepared(), tokio::time::Instant::now() + MOMENT);
        loop {
            let built = self.library.build_still(config, looked, &mut events::log_event).await;
            let waits = self.library.has_begun() && built.1.iter().any(|problem| problem.error.is_pending());
            // Something is always ready by the time that many files have been looked at: what is over is looked at first.
            let over = tokio::time::Instant::now() >= end;
            if !waits || over || tokio::time::timeout_at(end, prepared.next()).await.is_err() {
                return built;
            }
        }
    }

    /// The demo provider, should this configuration be the first that wants it.
    fn start_demo(&mut self, config: &Config) -> Result<(), String> {
        if self.demo.is_none() && config.providers.iter().any(|p| p.kind == ProviderKind::Demo) {
            let started = crate::control::demo::start();
            self.demo = Some(started.map_err(|why| format!("the demo provider does not start: {why}"))?);
        }
        Ok(())
    }

    fn publish(&mut self, old: &Arc<Snapshot>, built: Built, order: &ReloadOrder) {
        let Built { config, text, chains, compiling, problems, before, refused } = built;
        let generation = chains.generation;
        let mut again = order.asked || is_tried_again(&config, &problems, order);
        again |= !refused.is_empty() && order.touched;
        let mut said = refused;
        said.extend(problems.iter().flat_map(describe));
        let mut live = false;
        if generation != old.chains.generation || *config != *old.config {
            let outside = (self.demo, &self.shared.hosts);
            match Snapshot::build(Arc::clone(&config), Arc::clone(&chains), Some(old), outside) {
                Ok(snapshot) => {
                    self.live.put(snapshot, text);
                    self.library.went_live();
                    self.status.went_live();
                    events::log(&old.chains, &chains);
                    tracing::info!(generation, took = ?order.start.elapsed(), "went live");
                    live = true;
                }
                Err(why) => {
                    // What serves on are the plugins that served before.
                    self.library.restore(before);
                    said.push(StatusProblem::wrong(format!(
                        "{}: {why}; what served before serves on",
                        config.file.display()
                    )));
                    again = true;
                }
            }
        } else {
            // What serves may have been signed anew.
            self.library.went_live();
            text.into_iter().for_each(|text| self.live.reworded(text));
        }
        self.removed.let_go(&self.shared);
        // Whatever the files say, hosts may have moved. They are looked up beside it: nobody waits for a name.
        self.shared.hosts.refresh();
        let nobody = nobody(&self.live.whole().0.config);
        self.status.set(ProblemSource::Nobody, nobody.into_iter().map(StatusProblem::wrong).collect(), false);
        self.status.set_compiling(words::compiling(&compiling));
        self.status.set_warnings(words::strays(&self.live.whole().0.config, self.library.strays()));
        // First the words, then the count: who has seen it counted finds the reason.
        let mut kept = order.kept;
        kept += self.status.set(ProblemSource::Building, said, again);
        if order.asked {
            self.answer(live, compiling.len());
        }
        self.status.were_kept(kept);
    }

    /// Says what came of a signal, which has no other answer than the log.
    fn answer(&self, live: bool, compiling: usize) {
        let done = if live { "something new went live" } else { "nothing new went live" };
        let compiled = counted(compiling, "plugin is", "plugins are");
        let more = if compiling > 0 { format!(", {compiled} being compiled") } else { String::new() };
        let (done, generation) = (format!("{done}{more}"), self.live.whole().0.chains.generation);
        match self.status.first() {
            None => tracing::info!("SIGHUP: {done}, and all is served as files say; generation {generation} serves"),
            Some((first, 1)) => tracing::info!("SIGHUP: {done}, and one thing is not served as files say: {first}"),
            Some((first, count)) => {
                tracing::info!("SIGHUP: {done}, and {count} things are not served as files say, the first: {first}");
            }
        }
    }
}

/// What was to be built last, once more: with the files as they were when they were last read. Whatever has changed since is an
/// order of its own.
fn again(last: Option<&ReloadOrder>) -> ReloadOrder {
    let next = last.and_then(|order| order.next.clone());
    let (plugins, start) = (BTreeSet::new(), Instant::now());
    ReloadOrder { next, touched: false, plugins, kept: NotApplied::default(), asked: false, start }
}

/// Whether a plugin that has a problem was tried again: what is wrong may be the same words as before.
fn is_tried_again(config: &Config, problems: &[LoadProblem], order: &ReloadOrder) -> bool {
    let touched = |path: &Path| order.plugins.contains(path);
    problems.iter().any(|problem: &LoadProblem| {
        let file = problem.source.path(&config.plugins.folder);
        ["wasm", "toml", "schema.json", "wasm.sig"].iter().any(|kind| touched(&file.with_extension(kind)))
    })
}

/// Waits until a new version on trial has proved itself, or has not. What nobody needs any more is swept out meanwhile, and
/// what was kept of it is let go.
async fn trials_decided(library: &mut Library, let_go: impl Fn()) {
    let mut looked = Instant::now();
    loop {
        // Trials begin, and files go, with a reload, after which this is called anew.
        match (library.has_canaries(), library.has_gone()) {
            (true, _) => tokio::time::sleep(LOOK_AT_TRIALS).await,
            (false, true) => tokio::time::sleep(SWEEP).await,
            (false, false) => tokio::time::sleep(LET_GO).await,
        }
        let now = Instant::now();
        library.sweep(now);
        if now.duration_since(looked) >= SWEEP {
            looked = now;
            let_go();
        }
        if decide_trials(library) {
            return;
        }
    }
}

/// Ends the trials that are decided, and says so; whether there is any.
fn decide_trials(library: &mut Library) -> bool {
    let outcomes = library.judge(Instant::now());
    for outcome in &outcomes {
        match outcome {
            TrialOutcome::Promoted { plugin } => {
                tracing::info!(plugin = &**plugin, "the new version has stood its trial and serves everybody");
            }
            TrialOutcome::RolledBack { plugin, why } => {
                tracing::error!(plugin = &**plugin, "the new version is rolled back: {why}");
            }
        }
    }
    !outcomes.is_empty()
}

/// Whether requests would go without a plugin that the configuration demands.
fn unserved_by_chain(problem: &LoadProblem) -> bool {
    matches!(problem.source, PluginSource::Named(_)) && !problem.last_good && !problem.open
}
