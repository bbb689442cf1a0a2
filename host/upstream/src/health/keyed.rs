//! Which of a provider's keys a request is sent with, where it has several, and what its outcome says of them.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::model::ModelHealth;
use super::provider::{ProviderHealth, millis};
use super::ticket::Ticket;
use crate::key_ring::{BenchRules, KeyFault, KeyPass};

impl ModelHealth {
    /// The key whose turn it is; none where the provider has no several.
    pub(super) fn next_key(&self) -> Option<KeyPass> {
        let keys = self.keys.as_ref()?;
        keys.next(0).or_else(|| keys.insist())
    }
}

impl Ticket {
    /// Puts the key whose turn it is into a request's headers. Where the provider has one key or none, nothing: what there is
    /// is a header like others ([`Upstream::add_head_defaults`](crate::Upstream::add_head_defaults)).
    pub fn add_key(&self, headers: &mut HeaderMap) {
        if let (Some(pass), Some(keys)) = (self.key.pass, &self.health.keys) {
            keys.ring().add(pass.place.into(), headers);
        }
    }

    /// What was sent with the key was answered, all or the beginning of it, with this status. A good one ends whatever was held
    /// against the key, and what another key was refused before it that one may not do.
    pub fn key_answered(&self, status: StatusCode) {
        if !status.is_success() {
            return;
        }
        let (Some(pass), Some(keys)) = (self.key.pass, &self.health.keys) else { return };
        if keys.served(pass) {
            self.health.provider.tell_key_back(pass);
        }
        if let Some(suspect) = self.key.suspect {
            self.bench(suspect, KeyFault::Forbidden, BenchRules::ACCOUNT);
        }
    }

    /// Goes on with another key, for one more attempt at the same model, if the last one failed for its key's sake and there
    /// is another that may be sent. `pay` is asked for leave where nothing speaks against the key itself: then what is tried
    /// again may be what nobody is given.
    pub fn take_other_key(&mut self, pay: impl FnOnce() -> bool) -> bool {
        let (Some(is_known), Some(keys)) = (self.key.failed.take(), &self.health.keys) else { return false };
        if !is_known && !pay() {
            return false;
        }
        let next = keys.next(self.key.tried);
        self.key.pass = next.or(self.key.pass);
        next.is_some()
    }

    /// Whether there are several keys, one of which this was sent with.
    pub(crate) fn has_key(&self) -> bool {
        self.key.pass.is_some()
    }

    /// The attempt failed for a reason that may be its key's. The answer is whether there is another key that may be sent.
    pub(crate) fn key_failed(&mut self, fault: FoundFault) -> bool {
        let (Some(pass), Some(keys)) = (self.key.pass, &self.health.keys) else { return false };
        self.key.tried = pass.among(self.key.tried);
        let provider = &self.health.provider;
        match fault {
            FoundFault::Account(fault) => self.bench(pass, fault, BenchRules::ACCOUNT),
            FoundFault::Limited(told) => self.limit_key(pass, told.map(|told| told.min(provider.retry_after_limit))),
            FoundFault::Forbidden => self.key.suspect = self.key.suspect.or(Some(pass)),
            FoundFault::Unclear => {}
        }
        let is_known = matches!(fault, FoundFault::Account(_) | FoundFault::Limited(_));
        let has_other = keys.has_other(self.key.tried);
        self.key.failed = has_other.then_some(is_known);
        has_other
    }

    /// How long until a key may be sent of which the provider only has enough for now; none if there is none such.
    pub(crate) fn key_due_in(&self) -> Option<Duration> {
        self.health.keys.as_ref()?.soonest()
    }

    /// Passes a key over for as long as the provider has said, or, where it has said nothing, as for failures.
    fn limit_key(&self, pass: KeyPass, told: Option<Duration>) {
        let (provider, Some(keys)) = (&self.health.provider, &self.health.keys) else { return };
        let Some(wait) = told.map(millis).filter(|wait| *wait > 0) else {
            let rules = BenchRules { first: provider.rules.first, longest: provider.rules.longest };
            return self.bench(pass, KeyFault::RateLimited, rules);
        };
        if let Some(left) = keys.limited_for(pass, wait) {
            provider.tell_key_aside(pass, &self.health, KeyFault::RateLimited, left);
        }
    }

    fn bench(&self, pass: KeyPass, fault: KeyFault, rules: BenchRules) {
        let Some(keys) = &self.health.keys else { return };
        if let Some(left) = keys.refused(pass, fault, rules) {
            self.health.provider.tell_key_aside(pass, &self.health, fault, left);
        }
    }
}

/// What a failure says of the key that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoundFault {
    /// The provider does not serve its account.
    Account(KeyFault),
    /// It takes no more of it for now, and has said until when, or has not.
    Limited(Option<Duration>),
    /// It may not do this; or nobody may, for some providers say the same of what a request says.
    Forbidden,
    /// It may be the account, in words that clients have a hand in.
    Unclear,
}

impl ProviderHealth {
    /// Tells that a key is passed over, now and then where it only sends too much.
    fn tell_key_aside(&self, pass: KeyPass, at: &ModelHealth, fault: KeyFault, for_ms: u64) {
        let Some((ring, news)) = &self.keys else { return };
        let is_news = news.get(usize::from(pass.place)).is_some_and(|news| news.bad(self.now()));
        let (provider, key, reason) = (&*self.name, ring.name(pass.place.into()), fault.label());
        let model = match fault {
            KeyFault::Forbidden | KeyFault::RateLimited => at.model(),
            KeyFault::Unauthorized | KeyFault::Unpaid | KeyFault::Account => "",
        };
        match is_news {
            true => tracing::warn!(provider, key, model, reason, for_ms, "a key is put aside: others are sent"),
            false => tracing::debug!(provider, key, model, reason, for_ms, "a key is put aside: others are sent"),
        }
    }

    /// Tells that a key is sent in its turn again.
    fn tell_key_back(&self, pass: KeyPass) {
        let Some((ring, news)) = &self.keys else { return };
        let (provider, key) = (&*self.name, ring.name(pass.place.into()));
        match news.get(usize::from(pass.place)).is_some_and(|news| news.good()) {
            true => tracing::info!(provider, key, "a key is sent in its turn again"),
            false => tracing::debug!(provider, key, "a key is sent in its turn again"),
        }
    }
}
