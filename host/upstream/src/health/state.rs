//! The state of a breaker in one word, and how it changes. Pure: a time is a number of milliseconds.

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    /// Everything.
    #[default]
    Closed,
    /// Nothing before `until`; then one request, the probe.
    Open,
    /// Nothing more: the probe is out.
    Probing,
    /// Nothing more before `until`, and then everything, unless the probe, whose answer has begun, comes to grief.
    Answered,
}

/// Why a provider, or one model of it, is put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsideReason {
    /// So many failures in a row.
    #[default]
    Failures,
    /// It said itself when to come back (`retry-after`).
    RateLimited,
    /// Requests were piling up without an answer.
    Unanswered,
}

impl AsideReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Failures, Self::RateLimited, Self::Unanswered];

    /// As metrics and `/readyz?verbose` call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::RateLimited => "rate_limited",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Whether to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStanding {
    /// As its turn comes.
    Ready,
    /// One request at a time, to find out whether it is well again.
    Due,
    /// After all others.
    Aside,
}

/// How many failures in a row open a breaker, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) failures: u8,
    /// The first time, in milliseconds; doubled with every probe that fails,
    pub(super) first: u64,
    /// up to this.
    pub(super) longest: u64,
}

impl Rules {
    /// How long the breaker stays open the `step`th time, which is at least the first.
    fn window(self, step: u8) -> u64 {
        let doubled = 1_u64.checked_shl(u32::from(step.saturating_sub(1))).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

/// What a request was let through with: it decides which changes its outcome may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    /// The breaker's generation when the request was let through. What began before it opened says nothing of now.
    generation: u8,
    pub(super) probe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct BreakerState {
    pub(super) phase: Phase,
    pub(super) reason: AsideReason,
    /// In a row, while closed.
    pub(super) failures: u8,
    /// How often it opened for failures since the last answer that came to its end.
    pub(super) step: u8,
    /// How often it opened, modulo 256.
    generation: u8,
    pub(super) until: u64,
}

/// Two bits of phase, two of reason, 7 of failures, 5 of step, 8 of generation, 40 of `until` (35 years).
const REASON: u32 = 2;
const FAILURES: u32 = 4;
const STEP: u32 = 11;
const GENERATION: u32 = 16;
const UNTIL: u32 = 24;
const LAST_STEP: u8 = 31;
const LATEST: u64 = (1 << 40) - 1;

impl BreakerState {
    pub(super) fn unpack(word: u64) -> Self {
        let bits = |shift: u32, mask: u64| ((word >> shift) & mask) as u8;
        Self {
            phase: match bits(0, 3) {
                0 => Phase::Closed,
                1 => Phase::Open,
                2 => Phase::Probing,
                _ => Phase::Answered,
            },
            reason: match bits(REASON, 3) {
                1 => AsideReason::RateLimited,
                2 => AsideReason::Unanswered,
                _ => AsideReason::Failures,
            },
            failures: bits(FAILURES, 0x7f),
            step: bits(STEP, 0x1f),
            generation: bits(GENERATION, 0xff),
            until: word >> UNTIL,
        }
    }

    pub(super) fn pack(self) -> u64 {
        debug_assert!(self.failures <= 0x7f && self.step <= LAST_STEP, "a word holds all of it");
        debug_assert!(self.phase == Phase::Closed || self.failures == 0, "failures are counted while it is closed");
        self.phase as u64
            | (self.reason as u64) << REASON
            | u64::from(self.failures & 0x7f) << FAILURES
            | u64::from(self.step.min(LAST_STEP)) << STEP
            | u64::from(self.generation) << GENERATION
            | self.until.min(LATEST) << UNTIL
    }

    pub(super) fn standing(self, now: u64) -> HealthStanding {
        match self.phase {
            Phase::Closed => HealthStanding::Ready,
            Phase::Open if now >= self.until => HealthStanding::Due,
            Phase::Answered if now >= self.until => HealthStanding::Ready,
            Phase::Open | Phase::Probing | Phase::Answered => HealthStanding::Aside,
        }
    }

    /// Whether the last that was heard was good.
    pub(super) fn is_well(self) -> bool {
        self.phase == Phase::Closed && self.failures == 0
    }

    /// Lets a request through, as the probe if there has to be one.
    pub(super) fn enter(self, now: u64) -> Option<(Self, Pass)> {
        let next = match (self.phase, self.standing(now)) {
            (_, HealthStanding::Aside) => return None,
            (_, HealthStanding::Due) => Self { phase: Phase::Probing, ..self },
            (Phase::Closed, _) => self,
            _ => self.closed(),
        };
        Some((next, Pass { generation: self.generation, probe: next.phase == Phase::Probing }))
    }

    /// Lets a request through that has nowhere else to go.
    pub(super) fn insist(self) -> Pass {
        Pass { generation: self.generation, probe: false }
    }

    /// Requests are piling up: one more goes on as the probe.
    pub(super) fn pile_up(self, now: u64) -> Self {
        if self.standing(now) == HealthStanding::Ready { self.opened(AsideReason::Unanswered, now) } else { self }
    }

    /// A head has come, whoever asked and whenever: what was unanswered is not any more.
    pub(super) fn sign_of_life(self) -> Self {
        match (self.reason, self.phase) {
            (AsideReason::Unanswered, Phase::Open | Phase::Probing) => self.closed(),
            _ => self,
        }
    }

    /// An answer is being relayed. Whether it comes to its end is not known yet.
    pub(super) fn relaying(self, pass: Pass, now: u64, rules: Rules) -> Self {
        if pass.generation != self.generation {
            return self;
        }
        match (self.phase, self.reason) {
            (Phase::Probing, AsideReason::Failures) if pass.probe => {
                let until = now.saturating_add(rules.window(self.step));
                Self { phase: Phase::Answered, until, ..self }
            }
            (Phase::Open | Phase::Probing, AsideReason::RateLimited | AsideReason::Unanswered) => self.closed(),
            _ => self,
        }
    }

    /// An answer came to its end.
    pub(super) fn served(self, pass: Pass) -> Self {
        if pass.generation == self.generation { Self { step: 0, ..self.closed() } } else { self }
    }

    /// A request failed.
    pub(super) fn failed(self, pass: Pass, now: u64, rules: Rules) -> Self {
        if pass.generation != self.generation {
            return self;
        }
        let step = self.step.saturating_add(1).min(LAST_STEP);
        let until = now.saturating_add(rules.window(step));
        match self.phase {
            Phase::Closed if self.failures.saturating_add(1) < rules.failures => {
                Self { failures: self.failures.saturating_add(1), ..self }
            }
            Phase::Closed => Self { step, ..self.opened(AsideReason::Failures, until) },
            Phase::Probing | Phase::Answered if pass.probe => {
                Self { phase: Phase::Open, reason: AsideReason::Failures, step, until, ..self }
            }
            // Who is asked although it is put aside does not lengthen that by failing.
            Phase::Open | Phase::Probing | Phase::Answered => self,
        }
    }

    /// It said itself that nobody should come back before `until`.
    pub(super) fn limited(self, pass: Pass, until: u64) -> Self {
        match self.phase {
            Phase::Closed => self.opened(AsideReason::RateLimited, until),
            Phase::Open => Self { until: self.until.max(until), ..self },
            Phase::Probing | Phase::Answered if pass.probe && pass.generation == self.generation => {
                Self { phase: Phase::Open, reason: AsideReason::RateLimited, until, ..self }
            }
            // The probe will tell.
            Phase::Probing | Phase::Answered => self,
        }
    }

    /// A request ended and says nothing: if it was the probe, the next one is.
    pub(super) fn given_back(self, pass: Pass) -> Self {
        match self.phase {
            Phase::Probing | Phase::Answered if pass.probe && pass.generation == self.generation => {
                Self { phase: Phase::Open, until: 0, ..self }
            }
            _ => self,
        }
    }

    fn closed(self) -> Self {
        Self { phase: Phase::Closed, reason: AsideReason::Failures, failures: 0, until: 0, ..self }
    }

    fn opened(self, reason: AsideReason, until: u64) -> Self {
        Self { phase: Phase::Open, reason, failures: 0, until, generation: self.generation.wrapping_add(1), ..self }
    }
}

#[cfg(test)]
mod tests;
