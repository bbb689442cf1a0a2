//! What a request holds from the moment that somebody is chosen to be asked until it is known how that went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::aside::Mode;
use super::breaker::Breaker;
use super::model::{ModeHealth, ModelHealth};
use super::provider::millis;
use super::state::{HealthStanding, Pass, Phase};
use crate::key_ring::KeyPass;

/// How an attempt went, as far as whom it was made at is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// An answer came to its end.
    Served,
    /// It answers, but does not serve this model to this account now.
    Refused {
        /// When to come back, if it said so.
        retry_after: Option<Duration>,
    },
    /// No answer, a broken one, or one that says that it is not well.
    Failed {
        /// When to come back, if it said so.
        retry_after: Option<Duration>,
    },
}

/// One request's standing with a provider and a model. Dropped without a verdict, it says nothing: the client has left,
/// or the request never went out.
#[derive(Debug)]
pub struct Ticket {
    pub(super) health: Arc<ModelHealth>,
    mode: Mode,
    provider: Pass,
    model: Pass,
    /// When it was sent, in the health's milliseconds,
    sent: u64,
    /// and in which epoch it waits for its head.
    waiting: Option<u32>,
    settled: bool,
    pub(super) key: TicketKey,
}

/// Which of a provider's keys a request is sent with, where it has several.
#[derive(Debug, Default)]
pub(super) struct TicketKey {
    pub(super) pass: Option<KeyPass>,
    /// Those that were sent before it, a bit for each place.
    pub(super) tried: u32,
    /// One that was not given what another may be given.
    pub(super) suspect: Option<KeyPass>,
    /// The last attempt failed in a way in which one with another key may not, and whether that is known of the key.
    pub(super) failed: Option<bool>,
}

impl ModelHealth {
    /// A ticket, unless it is put aside. One that tries out whether it is well again is given to one request at a time.
    pub fn enter(self: &Arc<Self>, mode: Mode) -> Option<Ticket> {
        let own = self.mode(mode);
        if own.flow.is_piled(self.provider.pile, || self.provider.now()) {
            self.tell(mode, own.breaker.pile_up(self.provider.now()));
        }
        if self.provider.standing() == HealthStanding::Aside || self.lacks_key() {
            return None;
        }
        let (pass, change) = own.breaker.enter(|| self.provider.now())?;
        self.tell(mode, change);
        let Some((provider, change)) = self.provider.breaker.enter(|| self.provider.now()) else {
            own.breaker.given_back(pass);
            return None;
        };
        self.provider.tell(change);
        Some(Ticket::new(self, mode, provider, pass))
    }

    /// A ticket for a request that has nobody else to ask.
    #[must_use]
    pub fn insist(self: &Arc<Self>, mode: Mode) -> Ticket {
        Ticket::new(self, mode, self.provider.breaker.insist(), self.mode(mode).breaker.insist())
    }
}

impl Ticket {
    fn new(health: &Arc<ModelHealth>, mode: Mode, provider: Pass, model: Pass) -> Self {
        let key = TicketKey { pass: health.next_key(), ..TicketKey::default() };
        Self { health: Arc::clone(health), mode, provider, model, sent: 0, waiting: None, settled: false, key }
    }

    /// Whether it is the one that tries out whether a provider or a model is well again.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.provider.probe || self.model.probe
    }

    /// The request is on its way from `now` on.
    pub fn sent(&mut self, now: Instant) {
        self.stop_waiting();
        let health = &*self.health;
        self.sent = health.provider.at(now);
        self.waiting = Some(health.mode(self.mode).flow.sent(health.provider.pile, self.sent));
    }

    /// The answer's head came, `took` after it was sent, whatever it says.
    pub fn answered(&mut self, took: Duration) {
        if self.waiting.take().is_some() {
            let took = millis(took);
            let own = self.own();
            own.flow.answered(took, self.sent.saturating_add(took));
            self.health.tell(self.mode, own.breaker.sign_of_life());
        }
    }

    /// The answer is one to be relayed: a probe has good prospects.
    pub fn relaying(&self) {
        let (health, own) = (&*self.health, self.own());
        let is_closed = |breaker: &Breaker| breaker.state().phase == Phase::Closed;
        if is_closed(&health.provider.breaker) && is_closed(&own.breaker) {
            return;
        }
        let (now, rules) = (health.provider.now(), health.provider.rules);
        health.provider.tell(health.provider.breaker.relaying(self.provider, now, rules));
        health.tell(self.mode, own.breaker.relaying(self.model, now, rules));
    }

    /// Says how it went.
    pub fn settle(mut self, verdict: AttemptVerdict) {
        self.settled = true;
        let (provider, own) = (&*self.health.provider, self.own());
        let (rules, retry_after) = (provider.rules, verdict.retry_after(provider.retry_after_limit));
        match verdict {
            AttemptVerdict::Served | AttemptVerdict::Refused { .. } => {
                provider.tell(provider.breaker.served(self.provider))
            }
            AttemptVerdict::Failed { .. } => {
                provider.tell(provider.breaker.failed(self.provider, provider.now(), rules))
            }
        }
        match (verdict, retry_after) {
            (AttemptVerdict::Served, _) => self.health.tell(self.mode, own.breaker.served(self.model)),
            (_, Some(wait)) => self.limit(millis(wait)),
            (_, None) => self.health.tell(self.mode, own.breaker.failed(self.model, provider.now(), rules)),
        }
    }

    /// The model's limit is one for whole answers and streams together.
    fn limit(&self, wait: u64) {
        let health = &*self.health;
        let until = health.provider.now().saturating_add(wait);
        let (own, other) = match self.mode {
            Mode::Whole => (&health.whole, &health.stream),
            Mode::Stream => (&health.stream, &health.whole),
        };
        health.tell(self.mode, own.breaker.limited(self.model, until));
        // This request is no probe of the other kind, whatever it is of its own.
        other.breaker.limited(other.breaker.insist(), until);
    }

    fn own(&self) -> &ModeHealth {
        self.health.mode(self.mode)
    }

    fn stop_waiting(&mut self) {
        if let Some(epoch) = self.waiting.take() {
            self.own().flow.left(epoch);
        }
    }
}

impl AttemptVerdict {
    /// For how long the model is put aside, if that was said.
    fn retry_after(self, limit: Duration) -> Option<Duration> {
        let told = match self {
            Self::Served => None,
            Self::Refused { retry_after } | Self::Failed { retry_after } => retry_after,
        };
        told.map(|told| told.min(limit)).filter(|told| *told >= Duration::from_millis(1))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.stop_waiting();
        if self.is_probe() {
            self.health.provider.breaker.given_back(self.provider);
            self.own().breaker.given_back(self.model);
        }
    }
}
