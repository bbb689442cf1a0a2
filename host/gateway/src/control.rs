//! The control thread's work: building what serves, and swapping it when files change. Nothing here is on the way of a
//! request, and nothing that fails here stops what serves.

mod caution;
mod news;
mod status;

pub(crate) use caution::Caution;
pub(crate) use status::Status;

use crate::snapshot::Snapshot;
use crate::watch::{Change, Watch};
use crate::worker::Shared;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::Signal;
use weir_config::{Config, Overrides, ProviderKind};
use weir_sandbox::{Chains, Checkpoint, Ended, Library, Problem, Source};

/// How often a new version on trial is compared with the old one.
const LOOK_AT_TRIALS: Duration = Duration::from_millis(200);

/// Everything that reloading needs.
pub(crate) struct Control {
    pub(crate) library: Library,
    pub(crate) status: Arc<Status>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) overrides: Overrides,
    /// The configuration file, absolute.
    pub(crate) file: PathBuf,
    pub(crate) demo: Option<SocketAddr>,
    pub(crate) watch: Watch,
    pub(crate) caution: Caution,
    /// Why the configuration file is not the one that serves, if so.
    pub(crate) config_problems: Vec<String>,
}

/// What is to be built and swapped in, and what was there before.
struct Next<'n> {
    old: &'n Arc<Snapshot>,
    config: Arc<Config>,
    /// The text of the file that it was read from; none if it is the one that serves.
    text: Option<String>,
    chains: Arc<Chains>,
    problems: &'n [Problem],
    before: Checkpoint,
    start: Instant,
}

impl Control {
    /// Reloads whenever files change, a signal asks for it, or a trial is decided; for ever.
    pub(crate) async fn run(mut self, mut hangup: Signal) {
        loop {
            let (change, asked) = tokio::select! {
                change = self.watch.changed() => (change, false),
                _ = hangup.recv() => (self.watch.look().await, true),
                () = trials_decided(&mut self.library) => (self.watch.look().await, false),
            };
            self.reload(&change, asked).await;
        }
    }

    /// Reads files anew and swaps what serves, or says why not. `asked`: a signal has asked for it.
    async fn reload(&mut self, change: &Change, asked: bool) {
        let start = Instant::now();
        let old = self.shared.snapshot.load_full();
        let (config, text) = self.read_config(&old.config, change, asked);
        let changes = weir_config::diff(&old.config, &config);
        let before = self.library.checkpoint();
        let (chains, problems) = self.library.build_still(&config, &change.looked, &mut news::log_event).await;
        if !changes.is_empty() && problems.iter().any(unserved_by_chain) {
            // The new configuration names plugins that cannot serve: the old one stays, with the plugins it had.
            self.config_problems = problems.iter().map(describe).collect();
            self.library.restore(before.clone());
            let config = Arc::clone(&old.config);
            let (chains, problems) = self.library.build_still(&config, &change.looked, &mut news::log_event).await;
            let next = Next { old: &old, config, text: None, chains, problems: &problems, before, start };
            return self.publish(next, change, asked).await;
        }
        for change in &changes {
            tracing::info!("configuration: {change}");
        }
        self.publish(Next { old: &old, config, text, chains, problems: &problems, before, start }, change, asked).await;
    }

    /// The configuration as the file says now, with its text, or the one that serves if the file has problems.
    fn read_config(&mut self, serving: &Arc<Config>, change: &Change, asked: bool) -> (Arc<Config>, Option<String>) {
        self.config_problems.clear();
        let reading = weir_config::read(&self.file, &self.overrides, &change.looked);
        // What the file names now is watched, whether the file is good or only waits for what it names.
        match &reading.loaded {
            Ok(loaded) => self.watch.name(&loaded.config.files),
            // Where nobody came as far as to read names, those of before are watched on.
            Err(problems) if problems.files().is_empty() => {}
            Err(problems) => self.watch.name(problems.files()),
        }
        let refused = match (reading.loaded, reading.text) {
            (Ok(loaded), Some(text)) => {
                let mut config = loaded.config;
                match self.caution.judge(&text, &config, serving, asked) {
                    Ok(()) => {
                        warn_of_restart(serving, &config);
                        // These are open since the start: another folder is not watched, another cache not checked.
                        config.plugins.folder.clone_from(&serving.plugins.folder);
                        config.plugins.folder_is_named = serving.plugins.folder_is_named;
                        config.plugins.cache.clone_from(&serving.plugins.cache);
                        self.start_demo(&config);
                        return (Arc::new(config), Some(text));
                    }
                    Err(held) => vec![held],
                }
            }
            (Ok(_), None) => Vec::new(),
            (Err(problems), _) => problems.0.iter().map(ToString::to_string).collect(),
        };
        self.config_problems = refused;
        (Arc::clone(serving), None)
    }

    /// The demo provider, should this configuration be the first that wants it.
    fn start_demo(&mut self, config: &Config) {
        if self.demo.is_some() || !config.providers.iter().any(|p| p.kind == ProviderKind::Demo) {
            return;
        }
        match crate::demo::start() {
            Ok(address) => self.demo = Some(address),
            Err(why) => self.config_problems.push(format!("the demo provider does not start: {why}")),
        }
    }

    async fn publish(&mut self, next: Next<'_>, change: &Change, asked: bool) {
        let Next { old, config, mut text, chains, problems, before, start } = next;
        let generation = chains.generation;
        let mut said = self.config_problems.clone();
        said.extend(problems.iter().map(describe));
        let mut tried_again = self.is_tried_again(&config, problems, change, asked);
        if generation != old.chains.generation || *config != *old.config {
            let outside = (self.demo, &self.shared.hosts);
            match Snapshot::build(Arc::clone(&config), Arc::clone(&chains), Some(old), outside) {
                Ok(snapshot) => {
                    // Names are looked up beside it, never before: a key that was taken out is out now.
                    self.shared.bound_series(snapshot.config.limits.series);
                    self.shared.snapshot.store(Arc::new(snapshot));
                    self.status.went_live();
                    news::log(&old.chains, &chains);
                    tracing::info!(generation, took = ?start.elapsed(), "went live");
                }
                Err(why) => {
                    // What serves on are the plugins that served before.
                    self.library.restore(before);
                    said.push(why);
                    (text, tried_again) = (None, true);
                }
            }
        }
        // Whatever the files say, hosts may have moved.
        self.shared.hosts.refresh();
        if let Some(text) = text {
            self.caution.serves(text);
        }
        said.extend(nobody(&self.shared.snapshot.load().config));
        // First the words, then the count: who has seen it counted finds the reason.
        if self.status.set(said) || tried_again {
            self.status.was_refused();
        }
    }

    /// Whether something that is refused was tried again: what is wrong may be the same words as before.
    fn is_tried_again(&self, config: &Config, problems: &[Problem], change: &Change, asked: bool) -> bool {
        let touched = |path: &Path| change.changed.contains(path);
        let plugin = |problem: &Problem| {
            let file = problem.source.path(&config.plugins.folder);
            ["wasm", "toml", "schema.json", "wasm.sig"].iter().any(|kind| touched(&file.with_extension(kind)))
        };
        let config_is = asked || touched(&self.file) || config.files.iter().any(|file| touched(file));
        (!self.config_problems.is_empty() && config_is) || problems.iter().any(plugin)
    }
}

/// Waits until a new version on trial has proved itself, or has not.
async fn trials_decided(library: &mut Library) {
    loop {
        if !library.has_canaries() {
            // Trials begin with a reload, after which this is called anew.
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(LOOK_AT_TRIALS).await;
        let outcomes = library.judge(Instant::now());
        for outcome in &outcomes {
            match outcome {
                Ended::Promoted { plugin } => {
                    tracing::info!(plugin = &**plugin, "the new version has stood its trial and serves everybody");
                }
                Ended::RolledBack { plugin, why } => {
                    tracing::error!(plugin = &**plugin, "the new version is rolled back: {why}");
                }
            }
        }
        if !outcomes.is_empty() {
            return;
        }
    }
}

/// That nobody can ask, or for nothing, in words for an operator: no mistake, and hardly ever meant.
pub(crate) fn nobody(config: &Config) -> Vec<String> {
    let none = |what: &str, so: &str| format!("no {what}: {} has none, so that {so}", config.file.display());
    let tenant = config.tenants.is_empty().then(|| none("tenant", "nobody can ask"));
    let model = config.models.is_empty().then(|| none("model", "nothing can be asked for"));
    tenant.into_iter().chain(model).collect()
}

/// Whether requests would go without a plugin that the configuration demands.
fn unserved_by_chain(problem: &Problem) -> bool {
    matches!(problem.source, Source::Named(_)) && !problem.last_good && !problem.open
}

/// A plugin's problem in one line.
pub(crate) fn describe(problem: &Problem) -> String {
    let state = match (&problem.source, problem.last_good) {
        (Source::Folder(_), true) => "what was last good of it serves on",
        (Source::Folder(_), false) => "nothing of it serves",
        (_, true) => "its last good version serves on",
        (_, false) => "it does not serve",
    };
    format!("plugin {}: {}; {state}", problem.source, problem.error)
}

fn warn_of_restart(old: &Config, new: &Config) {
    let fixed = [
        ("server.listen", old.server.listen != new.server.listen),
        ("server.admin", old.server.admin != new.server.admin),
        ("server.workers", old.server.workers != new.server.workers),
        ("plugins.folder", old.plugins.folder != new.plugins.folder),
        ("plugins.cache", old.plugins.cache != new.plugins.cache),
        ("plugins.reload", old.plugins.reload != new.plugins.reload),
        ("log", old.log != new.log),
    ];
    for (key, _) in fixed.iter().filter(|(_, changed)| *changed) {
        tracing::warn!("configuration: {key} takes effect at the next start");
    }
}
