//! The health of one model of a provider.

use std::sync::Arc;

use super::aside::{Aside, Asides, Mode, aside, is_back};
use super::breaker::{Breaker, Transition};
use super::events::News;
use super::flow::Flow;
use super::provider::ProviderHealth;
use super::state::{AsideReason, HealthStanding, Phase};
use crate::key_ring::ModelKeys;

/// One model of a provider, for as long as a configuration has it as a target.
#[derive(Debug)]
pub struct ModelHealth {
    pub(super) provider: Arc<ProviderHealth>,
    model: Box<str>,
    pub(super) whole: ModeHealth,
    pub(super) stream: ModeHealth,
    /// The provider's keys, where it has several.
    pub(super) keys: Option<ModelKeys>,
    asides: Asides,
}

/// A model's whole answers, or its streams.
#[derive(Debug, Default)]
pub(super) struct ModeHealth {
    pub(super) breaker: Breaker,
    pub(super) flow: Flow,
    events: News,
}

impl ModelHealth {
    pub(crate) fn new(provider: &Arc<ProviderHealth>, model: &str) -> Arc<Self> {
        Arc::new(Self {
            provider: Arc::clone(provider),
            model: model.into(),
            whole: ModeHealth::default(),
            stream: ModeHealth::default(),
            keys: provider.keys.as_ref().map(|(ring, _)| ModelKeys::new(ring, model)),
            asides: Asides::default(),
        })
    }

    /// The model's name at the provider.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether it is to be asked, as far as can be said without taking a ticket.
    pub fn standing(&self, mode: Mode) -> HealthStanding {
        let provider = self.provider.standing();
        let own = self.mode(mode).breaker.standing(|| self.provider.now());
        match (provider, own) {
            _ if self.lacks_key() => HealthStanding::Aside,
            (HealthStanding::Aside, _) | (_, HealthStanding::Aside) => HealthStanding::Aside,
            (HealthStanding::Due, _) | (_, HealthStanding::Due) => HealthStanding::Due,
            (HealthStanding::Ready, HealthStanding::Ready) => HealthStanding::Ready,
        }
    }

    /// Whether the last that was heard of it, and of its provider, was good.
    pub fn is_well(&self, mode: Mode) -> bool {
        self.provider.breaker.state().is_well() && self.mode(mode).breaker.state().is_well()
    }

    /// How often it was put aside, for each reason.
    pub fn asides(&self) -> impl Iterator<Item = (AsideReason, u64)> + '_ {
        self.asides.each()
    }

    /// How it is put aside now, apart from its provider.
    pub fn aside(&self) -> impl Iterator<Item = Aside> + '_ {
        let now = self.provider.now();
        [Mode::Whole, Mode::Stream]
            .into_iter()
            .filter_map(move |mode| aside(&self.mode(mode).breaker, now, Some(&self.model), Some(mode)))
    }

    /// Whether anybody has asked it, and everything that was asked of it is put aside.
    pub(crate) fn is_aside(&self) -> Option<bool> {
        let modes = [&self.whole, &self.stream];
        let mut used = modes.into_iter().filter(|mode| mode.flow.is_used()).peekable();
        used.peek()?;
        Some(
            self.lacks_key() || used.all(|mode| mode.breaker.standing(|| self.provider.now()) == HealthStanding::Aside),
        )
    }

    /// Whether its provider has several keys, and none that may be sent now.
    pub(super) fn lacks_key(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.has_other(0))
    }

    pub(super) fn mode(&self, mode: Mode) -> &ModeHealth {
        match mode {
            Mode::Whole => &self.whole,
            Mode::Stream => &self.stream,
        }
    }

    pub(super) fn tell(&self, mode: Mode, change: Transition) {
        if change.0 == change.1 {
            return;
        }
        let (provider, model, answers) = (&*self.provider.name, &*self.model, mode.label());
        let events = &self.mode(mode).events;
        if let Some(opened) = self.asides.note(change) {
            let now = self.provider.now();
            let (reason, for_ms) = (opened.reason.label(), opened.until.saturating_sub(now));
            // Where the provider as a whole is put aside, that has been said.
            match self.provider.breaker.state().phase == Phase::Closed && events.bad(now) {
                true => tracing::warn!(provider, model, answers, reason, for_ms, "put aside: others are asked first"),
                false => tracing::debug!(provider, model, answers, reason, for_ms, "put aside: others are asked first"),
            }
        } else if is_back(change) && events.good() {
            tracing::info!(provider, model, answers, "asked in its turn again");
        }
    }
}
