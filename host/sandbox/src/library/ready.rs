//! Building with what is compiled and has been tried out, and waiting for the rest.

use super::starts::Started;
use super::{Library, LibraryEvent, LoadProblem};
use crate::chains::Chains;
use crate::compile::Compiled;
use crate::source::PluginSource;
use std::sync::Arc;
use std::time::Duration;
use weir_config::{Config, Looked};

/// How long a start waits for plugins that lie in the folder to be compiled: most are by then, and whom the others apply to is
/// closed until they are.
const FIRST: Duration = Duration::from_secs(3);

/// Tells when something that a build waits for is done.
#[derive(Debug, Clone)]
pub struct Prepared {
    compiled: Compiled,
    started: Started,
}

impl Prepared {
    /// Waits until a plugin has been compiled or tried out, and nobody has built with it yet. Being dropped loses nothing.
    pub async fn next(&self) {
        tokio::select! {
            () = self.compiled.next() => {}
            () = self.started.next() => {}
        }
    }
}

impl Library {
    /// Reads the folder and builds the chains that apply now, with all that has to be compiled and tried out for it. What cannot be loaded is
    /// served by its last good version if there is one; the problems say so. The generation counts up only if anything changed.
    pub async fn build(
        &mut self,
        config: &Config,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> (Arc<Chains>, Vec<LoadProblem>) {
        let serving = (self.last.clone(), Arc::clone(&self.current));
        loop {
            let built = self.build_still(config, &Looked::default(), note).await;
            self.settle();
            if !built.1.iter().any(|problem| problem.error.is_pending()) {
                return built;
            }
            // Nobody was given these chains: what comes next is held against those that serve, and counted behind them.
            (self.last, self.current) = serving.clone();
            self.prepared().next().await;
        }
    }

    /// The same for a start: with all that the chain names, and with what lies in the folder as far as it is compiled in a
    /// moment.
    pub async fn build_start(
        &mut self,
        config: &Config,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> (Arc<Chains>, Vec<LoadProblem>) {
        let end = tokio::time::Instant::now() + FIRST;
        let serving = (self.last.clone(), Arc::clone(&self.current));
        loop {
            let built = self.build_still(config, &Looked::default(), note).await;
            self.settle();
            let mut pending = built.1.iter().filter(|problem| problem.error.is_pending()).peekable();
            if pending.peek().is_none() {
                return built;
            }
            let prepared = self.prepared();
            if pending.any(|problem| matches!(problem.source, PluginSource::Named(_))) {
                prepared.next().await;
            } else if tokio::time::timeout_at(end, prepared.next()).await.is_err() {
                return built;
            }
            // Nobody was given these chains: what comes next is held against those that serve, and counted behind them.
            (self.last, self.current) = serving.clone();
        }
    }

    /// Who wants to know when a plugin has been compiled or tried out, and so when to build anew.
    #[must_use]
    pub fn prepared(&self) -> Prepared {
        Prepared { compiled: self.compiles.compiled(), started: self.starts.started() }
    }

    /// Says that all has been built that was to be: what is being compiled or tried out and was not asked for since the last
    /// time is ended, for its file or its settings have changed or went away.
    pub fn settle(&mut self) {
        self.begun = false;
        self.compiles.keep_only(&std::mem::take(&mut self.wanted));
        self.starts.keep_only(&std::mem::take(&mut self.starting));
    }

    /// Whether compiling anything, or trying it out, has begun since [`settle`](Self::settle) was called last.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }
}
