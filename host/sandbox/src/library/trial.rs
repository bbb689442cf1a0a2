//! A new version of a plugin on trial, beside the one that serves.

use super::judge::{TrialVerdict, judge};
use crate::chains::OnTrial;
use crate::meter::tally::Counted;
use crate::plugin::LoadedPlugin;
use std::sync::Arc;
use std::time::Instant;
use weir_config::Canary;

/// A new version beside the one that serves.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    old: Arc<LoadedPlugin>,
    pub(super) plugin: Arc<LoadedPlugin>,
    rules: Canary,
    since: Instant,
    /// What both versions had counted when the trial began.
    before: (Counted, Counted),
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialOutcome {
    /// The new version serves all requests from now on.
    Promoted {
        /// The plugin.
        plugin: Arc<str>,
    },
    /// The old version serves all requests again.
    RolledBack {
        /// The plugin.
        plugin: Arc<str>,
        /// How the new version was worse.
        why: String,
    },
}

impl Trial {
    pub(super) fn begin(old: &Arc<LoadedPlugin>, new: &Arc<LoadedPlugin>, rules: Canary, now: Instant) -> Self {
        let before = (old.tally().counted(), new.tally().counted());
        let trial = Self { old: Arc::clone(old), plugin: Arc::clone(new), rules, since: now, before };
        trial.go_on();
        trial
    }

    /// Counts what both versions do.
    pub(super) fn go_on(&self) {
        self.old.tally().begin();
        self.plugin.tally().begin();
    }

    pub(super) fn end(&self) {
        self.old.tally().end();
        self.plugin.tally().end();
    }

    pub(super) fn verdict(&self, now: Instant) -> TrialVerdict {
        let (old, new) = self.on_trial().counted();
        judge(&old, &new, self.rules, now.saturating_duration_since(self.since))
    }

    /// The new version, and the percentage of requests that see it.
    pub(super) fn share(&self) -> (Arc<LoadedPlugin>, u8) {
        (Arc::clone(&self.plugin), self.rules.percent)
    }

    /// The same for whoever shows it.
    pub(super) fn on_trial(&self) -> OnTrial {
        OnTrial::new(&self.old, &self.plugin, self.rules.percent, self.before.clone())
    }
}
