//! Limits over days of simulated time, reloads included, against an account that is kept in plain fractions of requests.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use weir_config::{KeyConfig, TenantConfig};
use weir_seeded::{Chance, seeded};

use super::super::{Seat, Tenants};
use crate::denied::Denied;
use crate::key;

const PEPPER: &[u8] = b"a pepper";
const STEPS: usize = 3_000;
const KEYS: [&str; 2] = ["acme_1", "acme_2"];
/// More of them than an account can tell apart, so that places have to be used again.
const PACES: [Option<u32>; 14] = [
    None,
    None,
    Some(0),
    Some(1),
    Some(2),
    Some(3),
    Some(5),
    Some(6),
    Some(12),
    Some(20),
    Some(30),
    Some(45),
    Some(60),
    Some(90),
];
const SEATS: [Option<u32>; 6] = [None, None, Some(0), Some(1), Some(3), Some(6)];
/// Requests: what is closer to a bound than this is decided by rounding.
const CLOSE: f64 = 1e-4;

#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    per_minute: Option<u32>,
    seats: Option<u32>,
}

/// What has been spent by a tenant or a key.
#[derive(Debug, Default)]
struct Account {
    /// Requests, of which `by` are earned back in a minute.
    spent: f64,
    by: Option<u32>,
    at: f64,
    seats: u32,
}

/// What one of them says, or that it is a matter of rounding.
#[derive(Debug, PartialEq)]
enum Said {
    Yes,
    Rate(f64),
    Seats,
    Close,
}

impl Account {
    fn earn(&mut self, limit: u32, now: f64) {
        let by = f64::from(self.by.unwrap_or(limit).max(1));
        self.spent = (self.spent - (now - self.at) * by / 60.0).max(0.0);
        self.at = now;
        if self.by != Some(limit) {
            self.by = Some(limit);
            self.spent = self.spent.min(f64::from(limit));
        }
    }

    fn asked(&mut self, limits: Limits, now: f64) -> Said {
        if limits.seats.is_some_and(|seats| self.seats >= seats) {
            return Said::Seats;
        }
        let Some(limit) = limits.per_minute else { return Said::Yes };
        self.earn(limit, now);
        let over = self.spent + 1.0 - f64::from(limit);
        match over.abs() < CLOSE && limit > 0 {
            true => Said::Close,
            false if over <= 0.0 => Said::Yes,
            false => Said::Rate(over * 60.0 / f64::from(limit.max(1))),
        }
    }

    /// A request that was admitted.
    fn spend(&mut self, limits: Limits) {
        self.seats += 1;
        if limits.per_minute.is_some() {
            self.spent += 1.0;
        }
    }
}

/// One configuration: what it was made of, and whose account is whose.
struct Generation {
    tenants: Tenants,
    of_tenant: Limits,
    of_keys: HashMap<&'static str, (Limits, usize)>,
}

/// A configuration and the one before it, which goes on serving; accounts, and the seats that are taken, with whose.
struct World {
    accounts: Vec<Account>,
    generations: Vec<Generation>,
    seats: Vec<(Seat, [usize; 2])>,
    start: Instant,
    elapsed: Duration,
}

fn limits(chance: &mut Chance) -> Limits {
    Limits { per_minute: chance.one_of(PACES), seats: chance.one_of(SEATS) }
}

fn built(of_tenant: Limits, keys: &HashMap<&'static str, (Limits, usize)>, previous: Option<&Tenants>) -> Tenants {
    let key = |id: &str, limits: Limits| KeyConfig {
        id: id.to_owned(),
        secret: None,
        hash: key::hash(PEPPER, id, "secret"),
        requests_per_minute: limits.per_minute,
        concurrency: limits.seats,
        models: None,
    };
    let acme = TenantConfig {
        name: "acme".to_owned(),
        models: vec!["*".to_owned()],
        requests_per_minute: of_tenant.per_minute,
        concurrency: of_tenant.seats,
        keys: keys.iter().map(|(id, (limits, _))| key(id, *limits)).collect(),
    };
    Tenants::assemble(&[acme], PEPPER, previous)
}

impl World {
    fn new(chance: &mut Chance) -> Self {
        let accounts = vec![Account::default()];
        let mut world = Self {
            accounts,
            generations: Vec::new(),
            seats: Vec::new(),
            start: Instant::now(),
            elapsed: Duration::ZERO,
        };
        world.reload(chance);
        world.start = Instant::now();
        world
    }

    /// Other limits, and now and then one key less or one that was there before: that one begins anew.
    fn reload(&mut self, chance: &mut Chance) {
        let mut keys = HashMap::new();
        for id in KEYS {
            let before = self.generations.last().and_then(|last| last.of_keys.get(id)).map(|(_, account)| *account);
            if id != KEYS[0] && chance.percent(20) {
                continue;
            }
            let account = before.unwrap_or_else(|| {
                self.accounts.push(Account::default());
                self.accounts.len() - 1
            });
            keys.insert(id, (limits(chance), account));
        }
        let of_tenant = limits(chance);
        let tenants = built(of_tenant, &keys, self.generations.last().map(|last| &last.tenants));
        self.generations.push(Generation { tenants, of_tenant, of_keys: keys });
        if self.generations.len() > 2 {
            self.generations.remove(0);
        }
    }

    fn admit(&mut self, chance: &mut Chance) {
        let generation = &self.generations[chance.below(self.generations.len())];
        let id = chance.one_of(KEYS);
        let identified = generation.tenants.identify(Some(&format!("{}{id}-secret", key::PREFIX)));
        let Some((of_key, account)) = generation.of_keys.get(id) else {
            return assert_eq!(identified.map(|_| ()), Err(Denied::UnknownKey));
        };
        let (now, of_tenant) = (self.elapsed.as_secs_f64(), generation.of_tenant);
        let admitted = identified.unwrap().admit(self.start + self.elapsed);
        let by_key = self.accounts[*account].asked(*of_key, now);
        // Who is refused by its key has asked nothing of its tenant.
        let refused_by_key =
            matches!(by_key, Said::Rate(_) | Said::Seats) || by_key == Said::Close && is_refusal_of(&admitted, "key");
        let by_tenant = if refused_by_key { Said::Yes } else { self.accounts[0].asked(of_tenant, now) };
        let (said, scope) = if refused_by_key { (by_key, "key") } else { (by_tenant, "tenant") };
        agrees(&admitted, &said, scope);
        let Ok(seat) = admitted else { return };
        self.accounts[*account].spend(*of_key);
        self.accounts[0].spend(of_tenant);
        self.seats.push((seat, [*account, 0]));
    }

    fn leave(&mut self, chance: &mut Chance) {
        let Some((seat, accounts)) = chance.take(&mut self.seats) else { return };
        drop(seat);
        accounts.iter().for_each(|account| self.accounts[*account].seats -= 1);
    }

    fn check(&self) {
        for generation in &self.generations {
            for tenant in generation.tenants.iter() {
                assert_eq!(tenant.in_flight(), self.accounts[0].seats);
                for key in tenant.keys() {
                    assert_eq!(key.in_flight(), self.accounts[generation.of_keys[&*key.id].1].seats);
                }
            }
        }
    }
}

fn is_refusal_of(admitted: &Result<Seat, Denied>, wanted: &str) -> bool {
    matches!(admitted, Err(Denied::RateLimited { scope, .. } | Denied::TooManyConcurrent { scope, .. }) if *scope == wanted)
}

fn agrees(admitted: &Result<Seat, Denied>, said: &Said, of: &str) {
    match (admitted, said) {
        (Ok(_), Said::Yes | Said::Close) => {}
        (Err(_), Said::Close) => assert!(is_refusal_of(admitted, of), "{admitted:?} is not of the {of}"),
        (Err(Denied::TooManyConcurrent { scope, .. }), Said::Seats) => assert_eq!(*scope, of),
        (Err(Denied::RateLimited { scope, retry_after, limit, .. }), Said::Rate(wait)) => {
            assert_eq!(*scope, of);
            let off = (retry_after.as_secs_f64() - wait).abs();
            assert!(off < 60.0 * CLOSE || *limit == 0, "{retry_after:?}, and it should be {wait} s");
        }
        (admitted, said) => panic!("the {of}: {admitted:?}, and it should be {said:?}"),
    }
}

#[test]
fn limits_agree_with_plain_fractions_over_any_time_and_any_reloads() {
    seeded("limits", 20, |chance| {
        let mut world = World::new(chance);
        for _ in 0..STEPS {
            match chance.below(20) {
                0 => world.reload(chance),
                1..=3 => world.elapsed += chance.millis(20_000),
                4 => world.elapsed += chance.millis(200_000),
                5..=8 => world.leave(chance),
                _ => world.admit(chance),
            }
            world.check();
        }
        while !world.seats.is_empty() {
            world.leave(chance);
        }
        world.check();
        assert_eq!(world.accounts[0].seats, 0);
    });
}
