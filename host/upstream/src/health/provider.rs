//! The health of a provider as a whole.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use weir_config::ProviderConfig;

use super::aside::{Aside, Asides, aside, is_back};
use super::breaker::{Breaker, Transition};
use super::events::News;
use super::flow::Pile;
use super::state::{HealthStanding, Rules};
use crate::dial::name::ResolvedHost;
use crate::key_ring::KeyRing;

/// A provider as a whole.
#[derive(Debug)]
pub(crate) struct ProviderHealth {
    pub(super) name: Box<str>,
    /// Where it is: without an address nobody is asked there before others.
    host: Arc<ResolvedHost>,
    born: Instant,
    pub(super) rules: Rules,
    pub(super) pile: Pile,
    pub(super) retry_after_limit: Duration,
    pub(super) breaker: Breaker,
    asides: Asides,
    events: News,
    attempts: News,
    /// The keys that take turns, where it has several, and what was told of each.
    pub(super) keys: Option<(Arc<KeyRing>, Box<[News]>)>,
}

impl ProviderHealth {
    pub(crate) fn new(provider: &ProviderConfig, host: &Arc<ResolvedHost>, keys: Option<Arc<KeyRing>>) -> Arc<Self> {
        let settings = &provider.health;
        // Before the first of them fails by itself.
        let least = settings.unanswered_after.min(provider.first_byte(true).min(provider.first_byte(false)) / 2);
        Arc::new(Self {
            name: provider.name.as_str().into(),
            host: Arc::clone(host),
            born: Instant::now(),
            rules: Rules {
                failures: settings.failures,
                first: millis(settings.aside),
                longest: millis(settings.aside_limit.max(settings.aside)),
            },
            pile: Pile { requests: settings.unanswered, least: millis(least) },
            retry_after_limit: settings.retry_after_limit,
            breaker: Breaker::default(),
            asides: Asides::default(),
            events: News::default(),
            attempts: News::default(),
            keys: keys.map(|ring| {
                let told = ring.names().map(|_| News::default()).collect();
                (ring, told)
            }),
        })
    }

    /// Milliseconds since it was made.
    pub(super) fn now(&self) -> u64 {
        millis(self.born.elapsed())
    }

    pub(super) fn at(&self, instant: std::time::Instant) -> u64 {
        millis(Instant::from_std(instant).saturating_duration_since(self.born))
    }

    pub(crate) fn standing(&self) -> HealthStanding {
        if !self.host.is_known() {
            return HealthStanding::Aside;
        }
        self.breaker.standing(|| self.now())
    }

    pub(crate) fn asides(&self) -> &Asides {
        &self.asides
    }

    pub(crate) fn aside(&self) -> Option<Aside> {
        aside(&self.breaker, self.now(), None, None)
    }

    /// How many attempts have failed since this was last answered, if enough time has passed to say so again.
    pub(crate) fn failed_attempts(&self) -> Option<u64> {
        self.attempts.sum(self.now())
    }

    /// Counts and tells what a change means, if it means something.
    pub(super) fn tell(&self, change: Transition) {
        if change.0 == change.1 {
            return;
        }
        if let Some(opened) = self.asides.note(change) {
            let now = self.now();
            let (provider, reason, for_ms) = (&*self.name, opened.reason.label(), opened.until.saturating_sub(now));
            match self.events.bad(now) {
                true => tracing::warn!(provider, reason, for_ms, "put aside: others are asked first"),
                false => tracing::debug!(provider, reason, for_ms, "put aside: others are asked first"),
            }
        } else if is_back(change) && self.events.good() {
            tracing::info!(provider = &*self.name, "asked in its turn again");
        }
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
