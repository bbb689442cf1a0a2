//! Keys over hours of simulated time, against a record in plain words of which is passed over until when.

use super::{answered, enter, key_of, upstream};
use crate::health::{Mode, ModelHealth, Ticket};
use crate::key_ring::KeyFault;
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::{Instant, advance};
use weir_seeded::{Chance, seeded};

const STEPS: usize = 3_000;
const OUT: usize = 12;
const KEYS: &str = "{ key = \"aaaaaaaa\", weight = 2 }, { key = \"bbbbbbbb\" }, { key = \"cccccccc\", weight = 3 }";
const TRIAL: u64 = 10_000;

/// What is known of a key, as a whole or at a model.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    fault: Option<KeyFault>,
    until: u64,
    /// How often in a row it was benched without a word of for how long.
    step: u32,
    /// How often it was benched: what was sent before says nothing of now.
    age: u64,
}

struct Sent {
    ticket: Ticket,
    model: usize,
    key: usize,
    /// The ages of what was known as a whole and at the model.
    ages: [u64; 2],
    insisted: bool,
}

struct World {
    models: [Arc<ModelHealth>; 2],
    born: Instant,
    /// Of each key: as a whole, at the first model, at the second.
    known: [[Known; 3]; 3],
    sent: Vec<Sent>,
}

impl Known {
    fn is_out(&self, now: u64) -> bool {
        self.fault.is_some() && now < self.until
    }

    fn bench(&mut self, fault: KeyFault, until: u64) {
        (self.fault, self.until, self.age) = (Some(fault), until, self.age + 1);
    }
}

impl World {
    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap()
    }

    fn is_out(&self, key: usize, model: usize) -> bool {
        let now = self.now();
        self.known[key][0].is_out(now) || self.known[key][1 + model].is_out(now)
    }

    fn send(&mut self, model: usize) {
        let all_out = (0..3).all(|key| self.is_out(key, model));
        let ticket = self.models[model].enter(Mode::Whole);
        assert_eq!(ticket.is_none(), all_out, "{:?} at {}", self.known, self.now());
        let insisted = ticket.is_none();
        let ticket = ticket.unwrap_or_else(|| self.models[model].insist(Mode::Whole));
        let key = match &*key_of(&ticket) {
            "a" => 0,
            "b" => 1,
            _ => 2,
        };
        assert!(insisted || !self.is_out(key, model), "{key} is passed over: {:?}", self.known[key]);
        let now = self.now();
        for at in [0, 1 + model] {
            let known = &mut self.known[key][at];
            if !insisted && known.fault.is_some() {
                known.until = now + TRIAL;
            }
        }
        let ages = [0, 1 + model].map(|at| self.known[key][at].age);
        self.sent.push(Sent { ticket, model, key, ages, insisted });
    }

    fn answer(&mut self, which: usize) {
        let Sent { ticket, model, key, ages, .. } = self.sent.swap_remove(which);
        ticket.key_answered(StatusCode::OK);
        for (at, age) in [0, 1 + model].into_iter().zip(ages) {
            if self.known[key][at].age == age {
                self.known[key][at] = Known { age, ..Known::default() };
            }
        }
    }

    fn refuse(&mut self, which: usize, chance: &mut Chance) {
        let (now, Sent { mut ticket, model, key, ages, insisted }) = (self.now(), self.sent.swap_remove(which));
        let (code, fault) = chance.one_of([
            (401, KeyFault::Unauthorized),
            (402, KeyFault::Unpaid),
            (429, KeyFault::RateLimited),
            (429, KeyFault::RateLimited),
            (403, KeyFault::Forbidden),
        ]);
        let told = Some(chance.one_of([500, 3_000, 90_000])).filter(|_| code == 429 && chance.percent(60));
        let _ = ticket.judge_key(answered(code, told.map(Duration::from_millis)));
        let at = if code == 429 { 1 + model } else { 0 };
        let known = &mut self.known[key][at];
        let heard = known.age == ages[usize::from(at > 0)] && !insisted;
        match told {
            _ if code == 403 => {}
            Some(wait) if heard || !known.is_out(now) => known.bench(fault, now + wait),
            Some(wait) if known.fault == Some(fault) => known.until = known.until.max(now + wait),
            None if heard => {
                let (first, longest) = if code == 429 { (1_000, 30_000) } else { (300_000, 3_600_000) };
                known.step = (known.step + 1).min(31);
                known.bench(fault, now + (first << (known.step - 1)).min(longest));
            }
            _ => {}
        }
    }
}

#[test]
fn keys_agree_with_what_has_happened_and_none_is_passed_over_for_ever() {
    seeded("keys", 20, |chance| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let up = upstream(KEYS);
            let models = ["m", "n"].map(|name| up.model(name));
            let mut world = World { models, born: Instant::now(), known: Default::default(), sent: vec![] };
            for _ in 0..STEPS {
                let some = chance.below(world.sent.len());
                match chance.below(12) {
                    _ if world.sent.len() == OUT => drop(world.sent.swap_remove(some)),
                    0..=4 => world.send(chance.below(2)),
                    5 => advance(chance.millis(2_000)).await,
                    6 => advance(chance.millis(400_000)).await,
                    _ if world.sent.is_empty() => {}
                    7 => drop(world.sent.swap_remove(some)),
                    8..=9 => world.answer(some),
                    _ => world.refuse(some, chance),
                }
                let now = world.now();
                let out = world.known.iter().flatten().filter(|known| known.is_out(now)).count();
                assert_eq!(up.keys_aside().len(), out, "{:?} at {now}", world.known);
            }
            world.sent.clear();
            advance(Duration::from_secs(3_600)).await;
            let mut seen = String::new();
            for _ in 0..12 {
                let ticket = enter(&world.models[0]);
                ticket.key_answered(StatusCode::OK);
                seen += &key_of(&ticket);
            }
            assert!(["a", "b", "c"].iter().all(|key| seen.contains(key)), "{seen}");
        });
    });
}
