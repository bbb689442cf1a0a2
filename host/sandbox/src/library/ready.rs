//! Building with what is compiled, and waiting for the rest.

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

impl Library {
    /// Reads the folder and builds the chains that apply now, with all that has to be compiled for it. What cannot be loaded is
    /// served by its last good version if there is one; the problems say so. The generation counts up only if anything changed.
    pub async fn build(
        &mut self,
        config: &Config,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> (Arc<Chains>, Vec<LoadProblem>) {
        loop {
            let built = self.build_still(config, &Looked::default(), note).await;
            self.settle();
            if !built.1.iter().any(|problem| problem.error.is_compiling()) {
                return built;
            }
            self.compiled().next().await;
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
        loop {
            let built = self.build_still(config, &Looked::default(), note).await;
            self.settle();
            let mut compiling = built.1.iter().filter(|problem| problem.error.is_compiling()).peekable();
            if compiling.peek().is_none() {
                return built;
            }
            let compiled = self.compiled();
            if compiling.any(|problem| matches!(problem.source, PluginSource::Named(_))) {
                compiled.next().await;
            } else if tokio::time::timeout_at(end, compiled.next()).await.is_err() {
                return built;
            }
        }
    }

    /// Who wants to know when a plugin has been compiled, and so when to build anew.
    #[must_use]
    pub fn compiled(&self) -> Compiled {
        self.compiles.compiled()
    }

    /// Says that all has been built that was to be: what is being compiled and was not asked for since the last time is ended,
    /// for its file has changed or went away.
    pub fn settle(&mut self) {
        self.begun = false;
        self.compiles.keep_only(&std::mem::take(&mut self.wanted));
    }

    /// Whether compiling anything has begun since [`settle`](Self::settle) was called last.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }
}
