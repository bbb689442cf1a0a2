//! New versions on trial: a share of the requests sees them until they have proved themselves, or have not.

use super::Library;
use super::judge::TrialVerdict;
use super::trial::{Trial, TrialOutcome};
use crate::error::LoadError;
use crate::plugin::LoadedPlugin;
use crate::source::FilePlace;
use std::sync::Arc;
use std::time::Instant;
use weir_config::PluginSettings;

/// Why a version does not serve whose trial somebody has ended.
const STOPPED: &str = "`canary` was taken away while it was on trial, which ends the trial and keeps the old version";

impl Library {
    /// Whether a new version is on trial: [`judge`](Self::judge) wants to be called every while.
    #[must_use]
    pub fn has_canaries(&self) -> bool {
        !self.trials.is_empty()
    }

    /// Looks at every trial and ends those that are decided. If any is, the chains have to be built anew.
    pub fn judge(&mut self, now: Instant) -> Vec<TrialOutcome> {
        let verdicts = self.trials.iter().map(|(place, trial)| (place.clone(), trial.verdict(now)));
        let decided: Vec<_> = verdicts.filter(|(_, verdict)| *verdict != TrialVerdict::Wait).collect();
        decided.into_iter().filter_map(|(place, verdict)| self.decide(&place, verdict)).collect()
    }

    fn decide(&mut self, place: &FilePlace, verdict: TrialVerdict) -> Option<TrialOutcome> {
        let trial = self.end_trial(place)?;
        let plugin = Arc::clone(trial.plugin.name());
        match verdict {
            TrialVerdict::Wait => None,
            TrialVerdict::Promote => {
                self.good.insert(place.clone(), trial.plugin);
                Some(TrialOutcome::Promoted { plugin })
            }
            TrialVerdict::Back(why) => {
                self.refused.remember(place, trial.plugin.code().hash, why.clone(), self.remembered);
                Some(TrialOutcome::RolledBack { plugin, why })
            }
        }
    }

    /// Ends the trial at a place, if there is one: the old version serves all requests, unless another one is put there.
    pub(super) fn end_trial(&mut self, place: &FilePlace) -> Option<Trial> {
        let trial = self.trials.remove(place)?;
        trial.end();
        Some(trial)
    }

    /// Whether a version may serve at a place at all: not if it was on trial there and did not do, and not if somebody ends
    /// its trial by taking `canary` away. Whoever wants it nevertheless names it in `blake3`, without `canary`.
    pub(super) fn may_serve(
        &mut self,
        place: &FilePlace,
        digest: blake3::Hash,
        settings: &PluginSettings,
    ) -> Result<(), LoadError> {
        if settings.canary.is_none() {
            if settings.blake3.as_deref() == Some(digest.to_hex().as_str()) {
                self.refused.forget(place, digest);
                return Ok(());
            }
            if self.trials.get(place).is_some_and(|trial| trial.plugin.code().hash == digest) {
                self.refused.remember(place, digest, STOPPED.to_owned(), self.remembered);
            }
        }
        // What serves already has stood its trial, whatever was found of it at another time.
        let serves = self.good.get(place).is_some_and(|good| good.code().hash == digest);
        match self.refused.why(place, digest).filter(|_| !serves) {
            Some(why) => Err(LoadError::RolledBack { why: why.to_owned(), blake3: digest.to_hex().to_string() }),
            None => Ok(()),
        }
    }

    /// Takes a version that is ready to serve: at once, or on trial beside the one that serves if the operator wants
    /// that. Answers the version that serves most requests.
    pub(super) fn admit(&mut self, place: &FilePlace, plugin: Arc<LoadedPlugin>, now: Instant) -> Arc<LoadedPlugin> {
        let rules = plugin.settings().canary;
        let old = self.good.get(place).filter(|old| old.code().hash != plugin.code().hash).cloned();
        // Beside one that is not called there is nothing to compare, and nobody to serve the others.
        let old = old.filter(|old| {
            self.judge_trust(old);
            !old.is_revoked()
        });
        let (Some(rules), Some(old)) = (rules, old) else {
            self.end_trial(place);
            self.good.insert(place.clone(), Arc::clone(&plugin));
            return plugin;
        };
        if self.trials.get(place).is_none_or(|trial| !Arc::ptr_eq(&trial.plugin, &plugin)) {
            self.end_trial(place);
            self.trials.insert(place.clone(), Trial::begin(&old, &plugin, rules, now));
        }
        old
    }
}
