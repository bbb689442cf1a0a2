//! The keys of a provider as one of its models sees them.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use super::bench::{BenchRules, BenchState, KeyBench, KeyFault};
use super::ring::KeyRing;

/// The keys of a provider, and what is known of each at one model.
#[derive(Debug)]
pub(crate) struct ModelKeys {
    ring: Arc<KeyRing>,
    own: Box<[Arc<KeyBench>]>,
}

/// A key that a request is sent with. Its generations decide what its outcome may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyPass {
    pub(crate) place: u8,
    whole: u8,
    own: u8,
    /// All were passed over, and one had to be sent nevertheless: that it is refused again is no news.
    insisted: bool,
}

/// A key that is passed over, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAside {
    /// What it is called.
    pub key: Box<str>,
    /// The model at which it is passed over; none for whatever is asked.
    pub model: Option<Box<str>>,
    /// Why.
    pub fault: KeyFault,
    /// When a request may be sent with it again.
    pub due_in: Duration,
}

impl KeyPass {
    fn bit(self) -> u32 {
        1_u32.checked_shl(self.place.into()).unwrap_or(0)
    }

    /// Those of `tried`, and this one.
    pub(crate) fn among(self, tried: u32) -> u32 {
        tried | self.bit()
    }
}

impl ModelKeys {
    pub(crate) fn new(ring: &Arc<KeyRing>, model: &str) -> Self {
        Self { ring: Arc::clone(ring), own: ring.keys.iter().map(|key| key.benches.at(model)).collect() }
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Whether one may be sent that is none of `tried`, a bit for each place.
    pub(crate) fn has_other(&self, tried: u32) -> bool {
        let now = OnceCell::new();
        (0..self.own.len()).any(|place| self.may(place, tried, &now))
    }

    /// The next in turn that may be sent and is none of `tried`.
    pub(crate) fn next(&self, tried: u32) -> Option<KeyPass> {
        let now = OnceCell::new();
        let place = self.ring.rotation.next(|place| self.may(place, tried, &now))?;
        let (whole, own) = self.benches(place)?;
        let sent = |bench: &KeyBench| match bench.state().fault {
            None => bench.state().generation,
            Some(_) => bench.change(|state| state.sent(*now.get_or_init(|| self.ring.now()))).1.generation,
        };
        Some(KeyPass { place: u8::try_from(place).ok()?, whole: sent(whole), own: sent(own), insisted: false })
    }

    /// One where all are passed over: the first that is sent again by itself of those that have sent too much, or else the next
    /// in turn, for any of them may have been seen to.
    pub(crate) fn insist(&self) -> Option<KeyPass> {
        let now = self.ring.now();
        let soonest = self.limited(now).min().map(|(_, place)| place);
        let place = soonest.or_else(|| self.ring.rotation.next(|_| true))?;
        let (whole, own) = self.benches(place)?;
        let (whole, own) = (whole.state().generation, own.state().generation);
        Some(KeyPass { place: u8::try_from(place).ok()?, whole, own, insisted: true })
    }

    /// How long until one may be sent that has only sent too much; none if there is none of that kind.
    pub(crate) fn soonest(&self) -> Option<Duration> {
        self.limited(self.ring.now()).min().map(|(left, _)| Duration::from_millis(left))
    }

    /// What was sent with a key was answered. The answer is whether it was passed over until now.
    pub(crate) fn served(&self, pass: KeyPass) -> bool {
        let Some((whole, own)) = self.benches(pass.place.into()) else { return false };
        let is_back = |(before, after): (BenchState, BenchState)| before.fault.is_some() && after.fault.is_none();
        let whole = is_back(whole.change(|state| state.served(pass.whole)));
        is_back(own.change(|state| state.served(pass.own))) | whole
    }

    /// What was sent with a key found a fault of its account, or of it at this model alone. The answer is for how long it is
    /// passed over, in milliseconds, if that is news.
    pub(crate) fn refused(&self, pass: KeyPass, fault: KeyFault, rules: BenchRules) -> Option<u64> {
        let (whole, own) = self.benches(pass.place.into())?;
        let is_own = matches!(fault, KeyFault::Forbidden | KeyFault::RateLimited);
        let (bench, generation) = if is_own { (own, pass.own) } else { (whole, pass.whole) };
        let now = self.ring.now();
        if pass.insisted {
            return None;
        }
        let (before, after) = bench.change(|state| state.refused(generation, fault, now, rules));
        if before == after { None } else { after.left(now) }
    }

    /// The provider said that it takes nothing more of this key at this model for so many milliseconds. The answer is for how
    /// long it is passed over, if that is news.
    pub(crate) fn limited_for(&self, pass: KeyPass, wait: u64) -> Option<u64> {
        let (_, own) = self.benches(pass.place.into())?;
        let (now, heard) = (self.ring.now(), Some(pass.own).filter(|_| !pass.insisted));
        let (before, after) = own.change(|state| state.limited(now.saturating_add(wait), now, heard));
        if before.generation == after.generation { None } else { after.left(now) }
    }

    fn benches(&self, place: usize) -> Option<(&KeyBench, &KeyBench)> {
        Some((&self.ring.keys.get(place)?.benches.whole, self.own.get(place)?))
    }

    /// Whether a key may be sent. The clock is looked at only where something is known against one.
    fn may(&self, place: usize, tried: u32, now: &OnceCell<u64>) -> bool {
        let is_free =
            |state: BenchState| state.fault.is_none() || state.left(*now.get_or_init(|| self.ring.now())).is_none();
        let is_tried = tried & 1_u32.checked_shl(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(0) != 0;
        let free = |(whole, own): (&KeyBench, &KeyBench)| is_free(whole.state()) && is_free(own.state());
        !is_tried && self.benches(place).is_some_and(free)
    }

    /// For how much longer each is passed over that has only sent too much, and its place.
    fn limited(&self, now: u64) -> impl Iterator<Item = (u64, usize)> + '_ {
        (0..self.own.len()).filter_map(move |place| {
            let (whole, own) = self.benches(place)?;
            let state = own.state();
            let is_limited = state.fault == Some(KeyFault::RateLimited) && whole.state().left(now).is_none();
            Some((state.left(now).filter(|_| is_limited)?, place))
        })
    }
}

impl KeyRing {
    /// What every key is called, in the order of the configuration.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + '_ {
        self.keys.iter().map(|key| &*key.name)
    }

    /// What is passed over now: of each key what is so whatever is asked, then what is so at single models.
    pub(crate) fn aside(&self) -> Vec<KeyAside> {
        let now = self.now();
        let told = |key: &str, model: Option<Box<str>>, state: BenchState| {
            let due_in = Duration::from_millis(state.left(now)?);
            Some(KeyAside { key: key.into(), model, fault: state.fault?, due_in })
        };
        let of_key = |key: &super::ring::RingKey| {
            let whole = told(&key.name, None, key.benches.whole.state());
            let models = key.benches.models().into_iter();
            let models = models.filter_map(|(model, bench)| told(&key.name, Some(model), bench.state()));
            whole.into_iter().chain(models).collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(of_key).collect()
    }
}
