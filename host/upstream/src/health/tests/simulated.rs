//! Breakers over hours of simulated time, against a record of what has happened that is kept in plain words: which request is
//! whose probe, what failed in a row, what waits for a head.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, advance};
use weir_config::HealthSettings;
use weir_seeded::{Chance, seeded};

use super::super::{AsideReason, AttemptVerdict, HealthStanding, Mode, ModelHealth, ProviderHealth, Ticket};
use super::{host, provider};

const STEPS: usize = 4_000;
/// The most requests that are out at once.
const OUT: usize = 24;
const WINDOW: u64 = 60_000;

/// What is known of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It lets everything through; so many failures in a row.
    Well(u32),
    /// Nobody before this time, for this reason; then a probe.
    Aside(u64, AsideReason),
    /// The probe is this request.
    Probed(u64, AsideReason),
    /// The probe's answer has begun, and if it goes on until this time all is well.
    Hopeful(u64, u64),
}

#[derive(Debug, Clone, Copy)]
struct Record {
    known: Known,
    /// How often it was put aside: what was asked before says nothing of now.
    age: u64,
    /// How often in a row for failures.
    step: u32,
}

/// What is known of how one kind of a model's answers come.
#[derive(Debug, Clone, Default)]
struct Waiting {
    /// How many were sent since the last head, and have not been given up.
    sent: u32,
    heads: u64,
    since: Option<u64>,
    /// The slowest head of this window and of the one before, and when this one ends.
    slowest: (u64, u64),
    turn: u64,
}

/// A request that is out.
struct Out {
    name: u64,
    ticket: Ticket,
    at: usize,
    /// With which age of the provider's record and of the model's.
    ages: (u64, u64),
    /// When it was sent, and after how many heads, if it waits for one.
    sent: Option<(u64, u64)>,
}

struct World {
    settings: HealthSettings,
    provider: Arc<ProviderHealth>,
    models: Vec<Arc<ModelHealth>>,
    born: Instant,
    of_provider: Record,
    /// Of each model's whole answers and streams.
    records: Vec<Record>,
    waiting: Vec<Waiting>,
    out: Vec<Out>,
    named: u64,
}

impl Record {
    fn new() -> Self {
        Self { known: Known::Well(0), age: 0, step: 0 }
    }

    fn standing(&self, now: u64) -> HealthStanding {
        match self.known {
            Known::Well(_) => HealthStanding::Ready,
            Known::Aside(until, _) if now >= until => HealthStanding::Due,
            Known::Hopeful(_, until) if now >= until => HealthStanding::Ready,
            Known::Aside(..) | Known::Probed(..) | Known::Hopeful(..) => HealthStanding::Aside,
        }
    }

    fn put_aside(&mut self, until: u64, reason: AsideReason) {
        self.known = Known::Aside(until, reason);
        self.age += 1;
    }

    fn enter(&mut self, name: u64, now: u64) -> bool {
        match (self.known, self.standing(now)) {
            (_, HealthStanding::Aside) => return false,
            (Known::Aside(_, reason), _) => self.known = Known::Probed(name, reason),
            (Known::Hopeful(..), _) => self.known = Known::Well(0),
            _ => {}
        }
        true
    }

    fn is_probed_by(&self, name: u64) -> bool {
        matches!(self.known, Known::Probed(probe, _) | Known::Hopeful(probe, _) if probe == name)
    }

    fn window(&self, settings: &HealthSettings) -> u64 {
        let first = millis(settings.aside);
        (first << (self.step - 1).min(40)).min(millis(settings.aside_limit.max(settings.aside)))
    }

    fn failed(&mut self, name: u64, age: u64, now: u64, settings: &HealthSettings) {
        if age != self.age {
            return;
        }
        match self.known {
            Known::Well(failures) if failures + 1 < u32::from(settings.failures) => {
                self.known = Known::Well(failures + 1)
            }
            Known::Well(_) => {
                self.step += 1;
                self.put_aside(now + self.window(settings), AsideReason::Failures);
            }
            _ if self.is_probed_by(name) => {
                self.step += 1;
                self.known = Known::Aside(now + self.window(settings), AsideReason::Failures);
            }
            Known::Aside(..) | Known::Probed(..) | Known::Hopeful(..) => {}
        }
    }

    fn served(&mut self, age: u64) {
        if age == self.age {
            (self.known, self.step) = (Known::Well(0), 0);
        }
    }

    fn limited(&mut self, name: u64, until: u64) {
        match self.known {
            Known::Well(_) => self.put_aside(until, AsideReason::RateLimited),
            Known::Aside(before, reason) => self.known = Known::Aside(before.max(until), reason),
            _ if self.is_probed_by(name) => self.known = Known::Aside(until, AsideReason::RateLimited),
            Known::Probed(..) | Known::Hopeful(..) => {}
        }
    }

    fn relaying(&mut self, name: u64, age: u64, now: u64, settings: &HealthSettings) {
        if age != self.age {
            return;
        }
        match self.known {
            Known::Probed(probe, AsideReason::Failures) if probe == name => {
                self.known = Known::Hopeful(name, now + self.window(settings));
            }
            Known::Aside(_, reason) | Known::Probed(_, reason) if reason != AsideReason::Failures => {
                self.known = Known::Well(0);
            }
            _ => {}
        }
    }

    fn head_came(&mut self) {
        if let Known::Aside(_, AsideReason::Unanswered) | Known::Probed(_, AsideReason::Unanswered) = self.known {
            self.known = Known::Well(0);
        }
    }

    fn given_back(&mut self, name: u64) {
        if let Known::Probed(_, reason) = self.known
            && self.is_probed_by(name)
        {
            self.known = Known::Aside(0, reason);
        } else if self.is_probed_by(name) {
            self.known = Known::Aside(0, AsideReason::Failures);
        }
    }
}

impl Waiting {
    fn is_piled(&self, settings: &HealthSettings, least: u64, now: u64) -> bool {
        let usual = self.slowest.0.max(self.slowest.1);
        let Some(since) = self.since else { return false };
        self.sent >= settings.unanswered && usual > 0 && now - since > (usual * 2).max(least)
    }

    fn head_came(&mut self, took: u64, now: u64) {
        self.since = None;
        if self.sent > 0 {
            (self.sent, self.heads) = (0, self.heads + 1);
        }
        let took = took.max(1);
        if now >= self.turn {
            (self.turn, self.slowest) = (now + WINDOW, (self.slowest.1, took));
        } else {
            self.slowest.1 = self.slowest.1.max(took);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

impl World {
    fn new(chance: &mut Chance) -> Self {
        let settings = HealthSettings {
            failures: u8::try_from(1 + chance.below(6)).unwrap(),
            aside: Duration::from_millis(chance.one_of([1, 500, 1_000, 5_000])),
            aside_limit: Duration::from_millis(chance.one_of([5_000, 30_000, 300_000])),
            retry_after_limit: Duration::from_millis(chance.one_of([1_000, 60_000])),
            unanswered: u32::try_from(chance.one_of([0, 1, 3, 5])).unwrap(),
            ..HealthSettings::default()
        };
        let provider = ProviderHealth::new(&provider(settings.clone()), &host(), None);
        let models = ["a", "b"].map(|name| ModelHealth::new(&provider, name)).to_vec();
        let (records, waiting) = (vec![Record::new(); 4], vec![Waiting::default(); 4]);
        Self {
            settings,
            provider,
            models,
            born: Instant::now(),
            of_provider: Record::new(),
            records,
            waiting,
            out: vec![],
            named: 0,
        }
    }

    fn now(&self) -> u64 {
        millis(self.born.elapsed())
    }

    fn mode(at: usize) -> Mode {
        if at.is_multiple_of(2) { Mode::Whole } else { Mode::Stream }
    }

    /// Before the first of them would fail by itself: requests wait for 5 s in these tests.
    fn least(&self) -> u64 {
        millis(self.settings.unanswered_after.min(Duration::from_millis(2_500)))
    }

    fn keep(&mut self, at: usize, name: u64, ticket: Ticket) {
        let ages = (self.of_provider.age, self.records[at].age);
        self.out.push(Out { name, ticket, at, ages, sent: None });
    }

    fn enter(&mut self, at: usize) {
        let (name, now) = (self.named, self.now());
        self.named += 1;
        if self.settings.unanswered > 0
            && self.waiting[at].is_piled(&self.settings, self.least(), now)
            && self.records[at].standing(now) == HealthStanding::Ready
        {
            self.records[at].put_aside(now, AsideReason::Unanswered);
        }
        let may = self.of_provider.standing(now) != HealthStanding::Aside
            && self.records[at].enter(name, now)
            && self.of_provider.enter(name, now);
        let ticket = self.models[at / 2].enter(Self::mode(at));
        assert_eq!(ticket.is_some(), may, "of {at} at {now}: {:?} {:?}", self.of_provider, self.records[at]);
        let Some(ticket) = ticket else { return };
        let is_probe = self.of_provider.is_probed_by(name) || self.records[at].is_probed_by(name);
        assert_eq!(ticket.is_probe(), is_probe);
        self.keep(at, name, ticket);
    }

    fn insist(&mut self, at: usize) {
        let ticket = self.models[at / 2].insist(Self::mode(at));
        assert!(!ticket.is_probe());
        self.named += 1;
        self.keep(at, self.named - 1, ticket);
    }

    fn send(&mut self, which: usize) {
        let now = self.now();
        let out = &mut self.out[which];
        if out.sent.is_some() {
            return;
        }
        out.ticket.sent(Instant::now().into_std());
        let waiting = &mut self.waiting[out.at];
        out.sent = Some((now, waiting.heads));
        waiting.sent += 1;
        if waiting.sent == self.settings.unanswered {
            waiting.since = Some(now);
        }
    }

    fn answer(&mut self, which: usize) {
        let now = self.now();
        let out = &mut self.out[which];
        let Some((sent, _)) = out.sent.take() else { return };
        out.ticket.answered(Duration::from_millis(now - sent));
        self.waiting[out.at].head_came(now - sent, now);
        self.records[out.at].head_came();
    }

    fn relay(&mut self, which: usize) {
        let now = self.now();
        let out = &self.out[which];
        out.ticket.relaying();
        self.of_provider.relaying(out.name, out.ages.0, now, &self.settings);
        self.records[out.at].relaying(out.name, out.ages.1, now, &self.settings);
    }

    fn settle(&mut self, which: usize, chance: &mut Chance) {
        let (now, out) = (self.now(), self.out.swap_remove(which));
        let told = Duration::from_millis(chance.one_of([0, 1, 700, 30_000, u64::from(u32::MAX)]));
        let retry_after = chance.percent(40).then_some(told);
        let verdict = match chance.below(5) {
            0 | 1 => AttemptVerdict::Served,
            2 => AttemptVerdict::Refused { retry_after },
            _ => AttemptVerdict::Failed { retry_after },
        };
        out.ticket.settle(verdict);
        match verdict {
            AttemptVerdict::Failed { .. } => self.of_provider.failed(out.name, out.ages.0, now, &self.settings),
            AttemptVerdict::Served | AttemptVerdict::Refused { .. } => self.of_provider.served(out.ages.0),
        }
        let limited = retry_after.map(|told| told.min(self.settings.retry_after_limit)).filter(|told| !told.is_zero());
        match (verdict, limited) {
            (AttemptVerdict::Served, _) => self.records[out.at].served(out.ages.1),
            (_, Some(wait)) => {
                let until = now + millis(wait);
                self.records[out.at].limited(out.name, until);
                // It is no probe of the other kind of answers.
                self.records[out.at ^ 1].limited(u64::MAX, until);
            }
            (_, None) => self.records[out.at].failed(out.name, out.ages.1, now, &self.settings),
        }
    }

    fn drop_one(&mut self, which: usize) {
        let out = self.out.swap_remove(which);
        drop(out.ticket);
        if let Some((_, heads)) = out.sent
            && heads == self.waiting[out.at].heads
        {
            self.waiting[out.at].sent -= 1;
        }
        self.of_provider.given_back(out.name);
        self.records[out.at].given_back(out.name);
    }

    fn check(&self) {
        let now = self.now();
        let of_provider = self.of_provider.standing(now);
        assert_eq!(self.provider.standing(), of_provider, "{:?} at {now}", self.of_provider);
        assert_eq!(self.provider.aside().is_some(), of_provider != HealthStanding::Ready);
        for (at, record) in self.records.iter().enumerate() {
            let (own, mode) = (record.standing(now), Self::mode(at));
            let wanted = match (of_provider, own) {
                (HealthStanding::Aside, _) | (_, HealthStanding::Aside) => HealthStanding::Aside,
                (HealthStanding::Due, _) | (_, HealthStanding::Due) => HealthStanding::Due,
                _ => HealthStanding::Ready,
            };
            let model = &self.models[at / 2];
            assert_eq!(model.standing(mode), wanted, "{at}: {record:?} and {:?} at {now}", self.of_provider);
            let is_well = |record: &Record| record.known == Known::Well(0);
            assert_eq!(model.is_well(mode), is_well(record) && is_well(&self.of_provider));
            let told = model.aside().find(|aside| aside.mode == Some(mode));
            assert_eq!(told.is_some(), own != HealthStanding::Ready);
            // Whoever is waited for is there.
            for waits in [record, &self.of_provider] {
                if let Known::Probed(name, _) | Known::Hopeful(name, _) = waits.known
                    && waits.standing(now) == HealthStanding::Aside
                {
                    assert!(self.out.iter().any(|out| out.name == name), "nobody is the probe: {waits:?}");
                }
            }
        }
    }
}

#[test]
fn breakers_agree_with_what_has_happened_and_nobody_is_put_aside_for_ever() {
    seeded("breakers", 20, |chance| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(chance);
            for _ in 0..STEPS {
                let (at, some) = (chance.below(4), chance.below(world.out.len()));
                match chance.below(16) {
                    _ if world.out.len() == OUT => world.drop_one(some),
                    0..=4 => world.enter(at),
                    5 => world.insist(at),
                    6..=7 => advance(chance.millis(400)).await,
                    8 => advance(chance.millis(40_000)).await,
                    _ if world.out.is_empty() => {}
                    9..=10 => world.send(some),
                    11 => world.answer(some),
                    12 => world.relay(some),
                    13 => world.drop_one(some),
                    _ => world.settle(some, chance),
                }
                world.check();
            }
            while !world.out.is_empty() {
                world.drop_one(0);
                world.check();
            }
            advance(world.settings.aside_limit.max(world.settings.retry_after_limit)).await;
            // One at a time, for each may be a probe of the provider.
            for at in 0..4 {
                world.enter(at);
                assert_eq!(world.out.len(), 1, "nobody is let through for ever");
                world.drop_one(0);
            }
        });
    });
}
