//! New versions on trial: a share of the requests sees them until they have proved themselves, or have not.

use super::{Library, Place};
use crate::error::LoadError;
use crate::plugin::Plugin;
use crate::tally::Counted;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weir_config::Canary;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Faults from which on a new version can be found worse: one or two happen to anybody.
const FAULTS: u64 = 3;
/// How much higher than the old version's the share of faults may be.
const MORE_FAULTS: f64 = 0.01;
/// How many times the old version's CPU time a call may cost, in the median, and by how much more at the least, in
/// microseconds: what costs next to nothing may double.
const MORE_CPU: f64 = 2.0;
const CPU_SLACK_US: f64 = 20.0;

/// A new version beside the one that serves.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) plugin: Arc<Plugin>,
    pub(super) rules: Canary,
    since: Instant,
    /// What the serving version had counted when the trial began.
    before: Counted,
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
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

/// What is to be done about a trial.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Promote,
    Back(String),
}

impl Trial {
    pub(super) fn begin(old: &Plugin, new: &Arc<Plugin>, rules: Canary) -> Self {
        old.tally().begin();
        new.tally().begin();
        Self { plugin: Arc::clone(new), rules, since: Instant::now(), before: old.tally().counted() }
    }

    fn verdict(&self, old: &Plugin, now: Instant) -> Verdict {
        let counted = (old.tally().counted().since(&self.before), self.plugin.tally().counted());
        judge((&counted.0, &counted.1), self.rules, now.saturating_duration_since(self.since))
    }
}

/// Compares the two versions: counts of the old one and the new one over the same time.
fn judge((old, new): (&Counted, &Counted), rules: Canary, passed: Duration) -> Verdict {
    if new.faults >= FAULTS && new.fault_rate() > old.fault_rate() + MORE_FAULTS {
        let percent = |counted: &Counted| counted.fault_rate() * 100.0;
        return Verdict::Back(format!(
            "{} of its {} calls faulted ({:.1} %; {:.1} % of the old version's)",
            new.faults,
            new.calls(),
            percent(new),
            percent(old)
        ));
    }
    if new.calls() < rules.calls {
        return Verdict::Wait;
    }
    // An old version that nobody called says nothing about its cost.
    if let (Some(was), Some(is)) = (old.cpu_p50_us(), new.cpu_p50_us())
        && is > was * MORE_CPU
        && is > was + CPU_SLACK_US
    {
        return Verdict::Back(format!("a call costs {is:.0} µs of CPU; the old version's {was:.0} µs (medians)"));
    }
    if passed < rules.lasts { Verdict::Wait } else { Verdict::Promote }
}

impl Library {
    /// Whether a new version is on trial: [`judge`](Self::judge) wants to be called every while.
    #[must_use]
    pub fn has_canaries(&self) -> bool {
        !self.trials.is_empty()
    }

    /// Looks at every trial and ends those that are decided. If any is, the chains have to be built anew.
    pub fn judge(&mut self, now: Instant) -> Vec<Ended> {
        let mut decided = Vec::new();
        for (place, trial) in &self.trials {
            let verdict = self.good.get(place).map_or(Verdict::Promote, |old| trial.verdict(old, now));
            if verdict != Verdict::Wait {
                decided.push((place.clone(), verdict));
            }
        }
        decided.into_iter().filter_map(|(place, verdict)| self.end_trial(&place, verdict)).collect()
    }

    fn end_trial(&mut self, place: &Place, verdict: Verdict) -> Option<Ended> {
        let trial = self.trials.remove(place)?;
        let plugin = Arc::clone(trial.plugin.name());
        trial.plugin.tally().end();
        if let Some(old) = self.good.get(place) {
            old.tally().end();
        }
        match verdict {
            Verdict::Wait => None,
            Verdict::Promote => {
                self.good.insert(place.clone(), trial.plugin);
                Some(Ended::Promoted { plugin })
            }
            Verdict::Back(why) => {
                self.rolled_back.insert(place.clone(), (trial.plugin.code().hash, why.clone()));
                Some(Ended::RolledBack { plugin, why })
            }
        }
    }

    /// Whether this version was on trial at this place before and did not do.
    pub(super) fn was_rolled_back(&self, place: &Place, hash: blake3::Hash) -> Result<(), LoadError> {
        match self.rolled_back.get(place) {
            Some((bad, why)) if *bad == hash => Err(LoadError::RolledBack { why: why.clone() }),
            _ => Ok(()),
        }
    }

    /// Takes a version that is ready to serve: at once, or on trial beside the one that serves if the operator wants
    /// that. Answers the version that serves most requests.
    pub(super) fn admit(&mut self, place: &Place, plugin: Arc<Plugin>) -> Arc<Plugin> {
        let rules = plugin.settings().canary;
        let old = self.good.get(place).filter(|old| old.code().hash != plugin.code().hash).cloned();
        let (Some(rules), Some(old)) = (rules, old) else {
            self.trials.remove(place);
            self.good.insert(place.clone(), Arc::clone(&plugin));
            return plugin;
        };
        if self.trials.get(place).is_none_or(|trial| !Arc::ptr_eq(&trial.plugin, &plugin)) {
            self.trials.insert(place.clone(), Trial::begin(&old, &plugin, rules));
        }
        old
    }
}
