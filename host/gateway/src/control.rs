//! The control thread's work: building what serves, and swapping it when files change. Nothing here is on the way of a
//! request, and nothing that fails here stops what serves.

use crate::snapshot::Snapshot;
use crate::worker::Shared;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use weir_config::{Config, Overrides, ProviderKind};
use weir_sandbox::{Chains, Checkpoint, Ended, Event, Library, Problem, Source};

/// How often a new version on trial is compared with the old one.
const LOOK_AT_TRIALS: Duration = Duration::from_millis(200);

/// What probes and metrics tell about reloads.
#[derive(Debug, Default)]
pub(crate) struct Status {
    problems: Mutex<Vec<String>>,
    live: AtomicU64,
    refused: AtomicU64,
}

impl Status {
    /// What is not served as files say, in words for an operator.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes that went live, and that did not.
    pub(crate) fn reloads(&self) -> (u64, u64) {
        (self.live.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// Replaces the problems and logs those that are new.
    pub(crate) fn set(&self, problems: Vec<String>) {
        let mut old = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems.iter().filter(|p| !old.contains(p)) {
            tracing::error!("{problem}");
        }
        for problem in old.iter().filter(|p| !problems.contains(p)) {
            tracing::info!("no longer: {problem}");
        }
        *old = problems;
    }
}

/// Everything that reloading needs.
pub(crate) struct Control {
    pub(crate) library: Library,
    pub(crate) status: Arc<Status>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) overrides: Overrides,
    pub(crate) file: PathBuf,
    pub(crate) demo: Option<SocketAddr>,
    /// Why the configuration file is not the one that serves, if so.
    pub(crate) config_problems: Vec<String>,
}

impl Control {
    /// Waits until a new version on trial has proved itself, or has not.
    pub(crate) async fn trials_decided(&mut self) {
        loop {
            if !self.library.has_canaries() {
                // Trials begin with a reload, after which this is called anew.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(LOOK_AT_TRIALS).await;
            let outcomes = self.library.judge(Instant::now());
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

    /// Reads files anew and swaps what serves, or says why not.
    pub(crate) async fn reload(&mut self) {
        let start = Instant::now();
        let old = self.shared.snapshot.load_full();
        let config = self.read_config(&old.config);
        let changes = weir_config::diff(&old.config, &config);
        let before = self.library.checkpoint();
        let (chains, problems) = self.library.build(&config, &mut log_event).await;
        if !changes.is_empty() && problems.iter().any(unserved_by_chain) {
            // The new configuration names plugins that cannot serve: the old one stays, with the plugins it had.
            self.config_problems = problems.iter().map(describe).collect();
            self.library.restore(before.clone());
            let (chains, problems) = self.library.build(&old.config, &mut log_event).await;
            self.publish(&old, (Arc::clone(&old.config), chains), &problems, before, start).await;
            return;
        }
        for change in &changes {
            tracing::info!("configuration: {change}");
        }
        self.publish(&old, (config, chains), &problems, before, start).await;
    }

    /// The configuration as the file says now, or the one that serves if the file has problems.
    fn read_config(&mut self, serving: &Arc<Config>) -> Arc<Config> {
        self.config_problems.clear();
        match weir_config::load(&self.file, &self.overrides) {
            Ok(loaded) => {
                let mut config = loaded.config;
                warn_of_restart(serving, &config);
                // These are open since the start: another folder is not watched, another cache not checked.
                config.plugins.folder.clone_from(&serving.plugins.folder);
                config.plugins.cache.clone_from(&serving.plugins.cache);
                self.start_demo(&config);
                Arc::new(config)
            }
            Err(problems) => {
                self.config_problems = problems.0.iter().map(ToString::to_string).collect();
                Arc::clone(serving)
            }
        }
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

    async fn publish(
        &mut self,
        old: &Arc<Snapshot>,
        (config, chains): (Arc<Config>, Arc<Chains>),
        problems: &[Problem],
        before: Checkpoint,
        start: Instant,
    ) {
        let generation = chains.generation;
        let mut said = self.config_problems.clone();
        said.extend(problems.iter().map(describe));
        let changed = generation != old.chains.generation || *config != *old.config;
        if changed {
            match Snapshot::build(config, chains, Some(old), self.demo) {
                Ok(snapshot) => {
                    // Before it serves: a provider without an address would fail its first requests.
                    snapshot.resolve(Some(old)).await;
                    self.shared.bound_series(snapshot.config.limits.series);
                    self.shared.snapshot.store(Arc::new(snapshot));
                    self.status.live.fetch_add(1, Ordering::Relaxed);
                    tracing::info!(generation, took = ?start.elapsed(), "went live");
                }
                Err(why) => {
                    // What serves on are the plugins that served before.
                    self.library.restore(before);
                    said.push(why);
                }
            }
        }
        let refused = !said.is_empty();
        // First the words, then the count: who has seen it counted finds the reason.
        self.status.set(said);
        if refused {
            self.status.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether requests would go without a plugin that the configuration demands.
fn unserved_by_chain(problem: &Problem) -> bool {
    matches!(problem.source, Source::Named(_)) && !problem.last_good && !problem.open
}

/// A plugin's problem in one line.
pub(crate) fn describe(problem: &Problem) -> String {
    let state = if problem.last_good { "its last good version serves on" } else { "it does not serve" };
    format!("plugin {}: {}; {state}", problem.source, problem.error)
}

fn log_event(event: Event) {
    match event {
        Event::Compiling { source, bytes } => tracing::info!(%source, bytes, "compiling"),
        Event::Compiled { source, took } => tracing::info!(%source, ?took, "compiled"),
        Event::Cached { source, took } => tracing::debug!(%source, ?took, "compiled code from the cache"),
    }
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
