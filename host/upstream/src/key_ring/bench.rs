//! What keeps a key from being sent, in one word, and how that changes. Pure but for the word: a time is a number of
//! milliseconds.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why a key is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// It is not accepted (401).
    Unauthorized,
    /// Nothing is left to pay with (402).
    Unpaid,
    /// It may not do what others may (403).
    Forbidden,
    /// So many requests of it are too many (429).
    RateLimited,
    /// Its account is not served, as another status or the provider's own words say.
    Account,
}

impl KeyFault {
    /// Every fault.
    pub const ALL: [Self; 5] = [Self::Unauthorized, Self::Unpaid, Self::Forbidden, Self::RateLimited, Self::Account];

    /// As metrics, logs and `/readyz?verbose` call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Unpaid => "payment_required",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::Account => "account",
        }
    }
}

/// For how long, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BenchRules {
    /// The first time; doubled each time that it is found again before anything was answered,
    pub(crate) first: u64,
    /// up to this.
    pub(crate) longest: u64,
}

impl BenchRules {
    /// Where the account is not served: somebody has to see to it.
    pub(crate) const ACCOUNT: Self = Self { first: 5 * 60_000, longest: 60 * 60_000 };

    fn window(self, step: u8) -> u64 {
        let doubled = 1_u64.checked_shl(u32::from(step.saturating_sub(1))).unwrap_or(u64::MAX);
        self.first.saturating_mul(doubled).min(self.longest.max(self.first))
    }
}

/// How long whoever tries out a key has for an answer before the next one may, in milliseconds.
pub(super) const TRIAL: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BenchState {
    /// None once it was answered.
    pub(crate) fault: Option<KeyFault>,
    /// How often it was benched, or benched again, since the last answer.
    step: u8,
    /// How often it was benched, modulo 256: what was sent before says nothing of now.
    pub(crate) generation: u8,
    /// Nobody before this time; then one request at a time, until one is answered.
    until: u64,
}

/// Three bits of fault, 5 of step, 8 of generation, 40 of `until` (35 years).
const STEP: u32 = 3;
const GENERATION: u32 = 8;
const UNTIL: u32 = 16;
const LAST_STEP: u8 = 31;
const LATEST: u64 = (1 << 40) - 1;

impl BenchState {
    fn unpack(word: u64) -> Self {
        let bits = |shift: u32, mask: u64| ((word >> shift) & mask) as u8;
        let fault = usize::from(bits(0, 7)).checked_sub(1).and_then(|at| KeyFault::ALL.get(at).copied());
        Self { fault, step: bits(STEP, 31), generation: bits(GENERATION, 255), until: (word >> UNTIL) & LATEST }
    }

    fn pack(self) -> u64 {
        self.fault.map_or(0, |fault| fault as u64 + 1)
            | u64::from(self.step.min(LAST_STEP)) << STEP
            | u64::from(self.generation) << GENERATION
            | self.until.min(LATEST) << UNTIL
    }

    /// For how much longer it is passed over; none if it is not.
    pub(crate) fn left(self, now: u64) -> Option<u64> {
        self.fault.and_then(|_| self.until.checked_sub(now)).filter(|left| *left > 0)
    }

    /// Somebody sends it: where it was benched, as the one who tries it out.
    pub(super) fn sent(self, now: u64) -> Self {
        if self.fault.is_some() && self.left(now).is_none() {
            Self { until: now.saturating_add(TRIAL), ..self }
        } else {
            self
        }
    }

    /// What was sent with it in this generation found this fault.
    pub(super) fn refused(self, generation: u8, fault: KeyFault, now: u64, rules: BenchRules) -> Self {
        if generation != self.generation {
            return self;
        }
        let step = self.step.saturating_add(1).min(LAST_STEP);
        self.benched(fault, step, now.saturating_add(rules.window(step)))
    }

    /// The provider said that it takes nothing more of it before `until`. Where that was `heard` by what was sent in this
    /// generation, it counts whatever was thought before.
    pub(super) fn limited(self, until: u64, now: u64, heard: Option<u8>) -> Self {
        match (self.left(now), self.fault) {
            _ if heard == Some(self.generation) => self.benched(KeyFault::RateLimited, self.step, until),
            (None, _) => self.benched(KeyFault::RateLimited, self.step, until),
            (Some(_), Some(KeyFault::RateLimited)) => Self { until: self.until.max(until), ..self },
            // It is benched for something worse.
            (Some(_), _) => self,
        }
    }

    /// What was sent with it in this generation was answered.
    pub(super) fn served(self, generation: u8) -> Self {
        if generation == self.generation { Self { generation, ..Self::default() } } else { self }
    }

    fn benched(self, fault: KeyFault, step: u8, until: u64) -> Self {
        Self { fault: Some(fault), step, generation: self.generation.wrapping_add(1), until }
    }
}

/// A key's bench. Nothing is ordered by the word but the word itself, so that relaxed operations will do.
#[derive(Debug, Default)]
pub(super) struct KeyBench(AtomicU64);

impl KeyBench {
    pub(super) fn state(&self) -> BenchState {
        BenchState::unpack(self.0.load(Relaxed))
    }

    /// Applies a change; the answer is the state before and after. What stays as it is is not written.
    pub(super) fn change(&self, next: impl Fn(BenchState) -> BenchState) -> (BenchState, BenchState) {
        let mut word = self.0.load(Relaxed);
        loop {
            let before = BenchState::unpack(word);
            let after = next(before);
            if after == before {
                return (before, after);
            }
            match self.0.compare_exchange_weak(word, after.pack(), Relaxed, Relaxed) {
                Ok(_) => return (before, after),
                Err(changed) => word = changed,
            }
        }
    }
}

#[cfg(test)]
mod tests;
