//! Whether a provider, and a model of it, should be asked: breakers that all workers share, without a lock.
//!
//! There are two of them on every request's way: one for the provider as a whole, and one for the model that is asked
//! there, whole answers and streams apart. A request takes a [`Ticket`] and hands it back with a [`AttemptVerdict`], at the end
//! of the answer's body and not at its head; a ticket that is dropped says nothing, and gives its place as a probe back.

mod breaker;
mod flow;
mod news;
mod state;
mod ticket;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;
use weir_config::ProviderConfig;

use crate::name::ResolvedHost;
use breaker::{Breaker, Transition};
use flow::{Flow, Pile};
use news::News;
use state::{Phase, Rules};

pub use state::{AsideReason, HealthStanding};
pub use ticket::{AttemptVerdict, Ticket};

/// How an answer comes. What is usual for the one is not for the other: a whole answer's head comes when all of it is
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In one piece.
    Whole,
    /// As events.
    Stream,
}

impl Mode {
    /// As logs and `/readyz?verbose` call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Stream => "stream",
        }
    }
}

/// A provider as a whole.
#[derive(Debug)]
pub(crate) struct ProviderHealth {
    name: Box<str>,
    /// Where it is: without an address nobody is asked there before others.
    host: Arc<ResolvedHost>,
    born: Instant,
    rules: Rules,
    pile: Pile,
    retry_after_limit: Duration,
    breaker: Breaker,
    asides: Asides,
    news: News,
    attempts: News,
}

/// One model of a provider, for as long as a configuration has it as a target.
#[derive(Debug)]
pub struct ModelHealth {
    provider: Arc<ProviderHealth>,
    model: Box<str>,
    whole: ModeHealth,
    stream: ModeHealth,
    asides: Asides,
}

/// A model's whole answers, or its streams.
#[derive(Debug, Default)]
struct ModeHealth {
    breaker: Breaker,
    flow: Flow,
    news: News,
}

/// How often something was put aside, by reason.
#[derive(Debug, Default)]
pub(crate) struct Asides([AtomicU64; AsideReason::ALL.len()]);

/// What is put aside now, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The model; none for the provider as a whole.
    pub model: Option<Box<str>>,
    /// Whose answers; none for both kinds.
    pub mode: Option<Mode>,
    /// Why.
    pub reason: AsideReason,
    /// Whether a request is out to see whether it is well again.
    pub probing: bool,
    /// When such a request may go out; zero if one may, or is.
    pub due_in: Duration,
}

impl ProviderHealth {
    pub(crate) fn new(provider: &ProviderConfig, host: &Arc<ResolvedHost>) -> Arc<Self> {
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
            news: News::default(),
            attempts: News::default(),
        })
    }

    /// Milliseconds since it was made.
    fn now(&self) -> u64 {
        millis(self.born.elapsed())
    }

    fn at(&self, instant: std::time::Instant) -> u64 {
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
    fn tell(&self, change: Transition) {
        if change.0 == change.1 {
            return;
        }
        if let Some(opened) = self.asides.note(change) {
            let now = self.now();
            let (provider, reason, for_ms) = (&*self.name, opened.reason.label(), opened.until.saturating_sub(now));
            match self.news.bad(now) {
                true => tracing::warn!(provider, reason, for_ms, "put aside: others are asked first"),
                false => tracing::debug!(provider, reason, for_ms, "put aside: others are asked first"),
            }
        } else if is_back(change) && self.news.good() {
            tracing::info!(provider = &*self.name, "asked in its turn again");
        }
    }
}

impl ModelHealth {
    pub(crate) fn new(provider: &Arc<ProviderHealth>, model: &str) -> Arc<Self> {
        Arc::new(Self {
            provider: Arc::clone(provider),
            model: model.into(),
            whole: ModeHealth::default(),
            stream: ModeHealth::default(),
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
            (HealthStanding::Aside, _) | (_, HealthStanding::Aside) => HealthStanding::Aside,
            (HealthStanding::Due, _) | (_, HealthStanding::Due) => HealthStanding::Due,
            (HealthStanding::Ready, HealthStanding::Ready) => HealthStanding::Ready,
        }
    }

    /// Whether the last that was heard of it, and of its provider, was good.
    pub fn is_well(&self, mode: Mode) -> bool {
        self.provider.breaker.state().is_well() && self.mode(mode).breaker.state().is_well()
    }

    /// A ticket, unless it is put aside. One that tries out whether it is well again is given to one request at a time.
    pub fn enter(self: &Arc<Self>, mode: Mode) -> Option<Ticket> {
        let own = self.mode(mode);
        if own.flow.is_piled(self.provider.pile, || self.provider.now()) {
            self.tell(mode, own.breaker.pile_up(self.provider.now()));
        }
        if self.provider.standing() == HealthStanding::Aside {
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
        Some(used.all(|mode| mode.breaker.standing(|| self.provider.now()) == HealthStanding::Aside))
    }

    fn mode(&self, mode: Mode) -> &ModeHealth {
        match mode {
            Mode::Whole => &self.whole,
            Mode::Stream => &self.stream,
        }
    }

    fn tell(&self, mode: Mode, change: Transition) {
        if change.0 == change.1 {
            return;
        }
        let (provider, model, answers) = (&*self.provider.name, &*self.model, mode.label());
        let news = &self.mode(mode).news;
        if let Some(opened) = self.asides.note(change) {
            let now = self.provider.now();
            let (reason, for_ms) = (opened.reason.label(), opened.until.saturating_sub(now));
            // Where the provider as a whole is put aside, that has been said.
            match self.provider.breaker.state().phase == Phase::Closed && news.bad(now) {
                true => tracing::warn!(provider, model, answers, reason, for_ms, "put aside: others are asked first"),
                false => tracing::debug!(provider, model, answers, reason, for_ms, "put aside: others are asked first"),
            }
        } else if is_back(change) && news.good() {
            tracing::info!(provider, model, answers, "asked in its turn again");
        }
    }
}

impl Asides {
    /// Counts a change that opened a breaker; the answer is its state.
    fn note(&self, (before, after): Transition) -> Option<state::BreakerState> {
        let opens = after.phase == Phase::Open && after.until != 0;
        let anew = before.phase != Phase::Open && opens;
        if anew && let Some(count) = self.0.get(after.reason as usize) {
            count.fetch_add(1, Relaxed);
        }
        anew.then_some(after)
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (AsideReason, u64)> + '_ {
        AsideReason::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

fn is_back((before, after): Transition) -> bool {
    before.phase != Phase::Closed && after.phase == Phase::Closed
}

fn aside(breaker: &Breaker, now: u64, model: Option<&str>, mode: Option<Mode>) -> Option<Aside> {
    let state = breaker.state();
    let probing = matches!(state.phase, Phase::Probing | Phase::Answered);
    let due_in = if state.phase == Phase::Open { state.until.saturating_sub(now) } else { 0 };
    (state.standing(now) != HealthStanding::Ready).then(|| Aside {
        model: model.map(Into::into),
        mode,
        reason: state.reason,
        probing,
        due_in: Duration::from_millis(due_in),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
