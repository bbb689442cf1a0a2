//! Budget and quarantine of a plugin over hours of simulated time, against a record of what was used and what faulted.

use super::super::{Admitted, BEGINNING, Fault, PluginLimits, PluginQuota};
use std::time::{Duration, Instant};
use weir_seeded::{Chance, seeded};

const STEPS: usize = 4_000;
/// Seconds of CPU time: what is closer to a bound than this is decided by rounding.
const CLOSE: f64 = 1e-5;

/// What is known of a quarantine.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// So many faults, of which the first came then.
    Well(u32, Duration),
    Quarantined {
        until: Duration,
        tried: bool,
    },
}

struct World {
    quota: PluginQuota,
    limits: PluginLimits,
    start: Instant,
    elapsed: Duration,
    known: Known,
    in_a_row: u32,
    quarantines: u64,
    /// CPU time that is not paid for yet, and when that was so.
    owed: (f64, f64),
    /// Calls that are under way, and how they were admitted.
    calls: Vec<Admitted>,
}

impl World {
    fn new(chance: &mut Chance) -> Self {
        let seconds = |chance: &mut Chance, most| chance.millis(most) + Duration::from_millis(1);
        let limits = PluginLimits {
            cpu: Duration::from_millis(chance.one_of([10, 100, 1_000])),
            cpu_burst: Duration::from_millis(chance.one_of([20, 200, 2_000])),
            faults: chance.one_of([0, 1, 3, 10]),
            fault_window: seconds(chance, 30_000),
            quarantine: seconds(chance, 5_000),
            quarantine_most: Duration::from_millis(chance.one_of([5_000, 60_000])),
            ..PluginLimits::default()
        };
        let quota = super::standing(|of_tests| *of_tests = limits.clone());
        let start = *BEGINNING + Duration::from_secs(1);
        let (known, elapsed, calls) = (Known::Well(0, Duration::ZERO), Duration::ZERO, Vec::new());
        Self { quota, limits, start, elapsed, known, in_a_row: 0, quarantines: 0, owed: (0.0, 0.0), calls }
    }

    fn now(&self) -> Instant {
        self.start + self.elapsed
    }

    fn at(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    fn pay(&mut self) -> f64 {
        let (owed, then) = self.owed;
        self.owed = ((owed - (self.at() - then) * self.limits.cpu.as_secs_f64()).max(0.0), self.at());
        self.owed.0
    }

    fn admit(&mut self) {
        let over = self.pay() - self.limits.cpu_burst.as_secs_f64();
        let admitted = self.quota.admit(self.now(), || Duration::ZERO);
        if over.abs() < CLOSE && admitted == Err(Fault::Budget) {
            return;
        }
        let wanted = match self.known {
            _ if over >= CLOSE => Err(Fault::Budget),
            Known::Well(..) => Ok(Admitted { trial: false }),
            Known::Quarantined { until, tried } if tried || self.elapsed < until => Err(Fault::Quarantined),
            Known::Quarantined { .. } => Ok(Admitted { trial: true }),
        };
        assert_eq!(admitted, wanted, "{:?} at {}, {over} s over the burst", self.known, self.at());
        if let Known::Quarantined { tried, .. } = &mut self.known {
            *tried |= admitted.is_ok();
        }
        self.calls.extend(admitted);
    }

    fn faults(&mut self, admitted: Admitted) {
        let (now, window) = (self.elapsed, self.limits.fault_window);
        let count = match self.known {
            Known::Well(count, since) if count > 0 && now - since <= window => {
                self.known = Known::Well(count + 1, since);
                count + 1
            }
            Known::Well(..) => {
                self.known = Known::Well(1, now);
                1
            }
            Known::Quarantined { .. } => 0,
        };
        let is_over = admitted.trial || self.limits.faults > 0 && count >= self.limits.faults;
        let is_put = self.quota.faulted(self.now(), admitted);
        assert_eq!(is_put, is_over, "{count} of {} faults", self.limits.faults);
        if is_over {
            let pause =
                self.limits.quarantine.saturating_mul(1 << self.in_a_row.min(20)).min(self.limits.quarantine_most);
            self.known = Known::Quarantined { until: now + pause, tried: false };
            self.in_a_row += 1;
            self.quarantines += 1;
        }
    }

    fn end(&mut self, chance: &mut Chance) {
        let Some(admitted) = chance.take(&mut self.calls) else { return };
        let used = chance.millis(60);
        self.pay();
        self.owed.0 += used.as_secs_f64();
        self.quota.charge(self.now(), used);
        match chance.below(10) {
            0..=3 => self.faults(admitted),
            4 if admitted.trial => {
                self.quota.undecided();
                if let Known::Quarantined { tried, .. } = &mut self.known {
                    *tried = false;
                }
            }
            _ if admitted.trial => {
                self.quota.recovered();
                (self.known, self.in_a_row) = (Known::Well(0, Duration::ZERO), 0);
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        let state = self.quota.state(self.now());
        assert_eq!(state.quarantines, self.quarantines);
        assert_eq!(state.quarantined.is_some(), matches!(self.known, Known::Quarantined { .. }));
        let left = (self.limits.cpu_burst.as_secs_f64() - self.pay()).max(0.0);
        assert!((state.budget_left.as_secs_f64() - left).abs() < CLOSE, "{:?} and {left}", state.budget_left);
        assert!(self.calls.iter().filter(|call| call.trial).count() <= 1, "two calls try at once");
    }
}

#[test]
fn budget_and_quarantine_agree_with_what_was_used_and_what_faulted() {
    seeded("quota", 20, |chance| {
        let mut world = World::new(chance);
        for _ in 0..STEPS {
            match chance.below(10) {
                0 => world.elapsed += chance.millis(20_000),
                1..=3 => world.elapsed += chance.millis(100),
                4..=6 => world.admit(),
                _ => world.end(chance),
            }
            world.check();
        }
        // Whatever has happened: when nothing is under way and time has passed, it is called again.
        while !world.calls.is_empty() {
            world.end(chance);
        }
        world.elapsed += Duration::from_secs(100_000);
        world.admit();
        assert_eq!(world.calls.len(), 1, "it is never called again");
    });
}
