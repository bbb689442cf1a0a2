//! What serves, and the one place that swaps it: never more than the newest configuration that was judged good allows.

use crate::worker::Shared;
use crate::worker::snapshot::Snapshot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weir_config::Config;

/// What serves. Shared by who reads configurations and who builds what they say, so that neither waits for the other.
pub(crate) struct Live {
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    /// The last that went live as a whole, with the text of its configuration.
    whole: Arc<Snapshot>,
    text: Arc<str>,
    /// The newest configuration that was judged good. What it takes away is out, whatever of it is still to come.
    judged: Arc<Config>,
}

impl Live {
    /// Begins with what serves, and the text of its configuration.
    pub(crate) fn new(shared: &Arc<Shared>, text: String) -> Self {
        let whole = shared.snapshot.load_full();
        let judged = Arc::clone(&whole.config);
        Self { shared: Arc::clone(shared), state: Mutex::new(State { whole, text: text.into(), judged }) }
    }

    /// The last that went live as a whole, and the text of its configuration. May hold secrets.
    pub(crate) fn whole(&self) -> (Arc<Snapshot>, Arc<str>) {
        let state = self.state();
        (Arc::clone(&state.whole), Arc::clone(&state.text))
    }

    /// Takes away at once what a configuration takes away that was judged good: nothing has to be made for that.
    /// Says what goes, one line for each.
    pub(crate) fn revoke(&self, judged: &Arc<Config>) -> Vec<String> {
        let mut state = self.state();
        let before = self.shared.snapshot.load_full();
        state.judged = Arc::clone(judged);
        let untrusted = self.serve(&state);
        let now = self.shared.snapshot.load_full();
        drop(state);
        let mut gone =
            if Arc::ptr_eq(&before, &now) { Vec::new() } else { weir_config::diff(&before.config, &now.config) };
        let word =
            |plugin| format!("plugin {plugin}: is not called, for nobody who is trusted vouches for it any more");
        gone.extend(untrusted.into_iter().map(word));
        gone
    }

    /// Puts in what was built as a whole; `text` if its configuration is a new one. What was taken away since it was begun
    /// stays away.
    pub(crate) fn put(&self, whole: Snapshot, text: Option<String>) {
        let mut state = self.state();
        state.whole = Arc::new(whole);
        if let Some(text) = text {
            state.text = text.into();
        }
        self.shared.bound_series(state.whole.config.limits.series);
        self.shared.sandbox.set_shares(&state.whole.config.plugins.shares);
        // What of it is not trusted was said when that was judged.
        let _untrusted = self.serve(&state);
    }

    /// What serves is said in another text.
    pub(crate) fn reworded(&self, text: String) {
        self.state().text = text.into();
    }

    /// Serves the whole, less what the newest configuration takes away. A change that only looks like one is none. Answers the
    /// plugins that are not called any more, for whoever vouched for them is not trusted.
    fn serve(&self, state: &State) -> Vec<Arc<str>> {
        let serving = self.shared.snapshot.load();
        match weir_config::without_revoked(&state.whole.config, &state.judged) {
            None if Arc::ptr_eq(&serving, &state.whole) => {}
            None => self.shared.snapshot.store(Arc::clone(&state.whole)),
            Some(less) if *serving.config == less && Arc::ptr_eq(&serving.chains, &state.whole.chains) => {}
            Some(less) => self.shared.snapshot.store(Arc::new(state.whole.narrowed(Arc::new(less)))),
        }
        state.whole.chains.trust(&state.judged.plugins)
    }

    /// The newest configuration that was judged good.
    pub(crate) fn judged(&self) -> Arc<Config> {
        Arc::clone(&self.state().judged)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
