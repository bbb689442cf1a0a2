mod revocations;
mod simulated;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const PEPPER: &[u8] = b"a pepper";
const ONE: &str = "sk-weir-acme_1-aaaa";
const TWO: &str = "sk-weir-acme_2-bbbb";
const ZEBRA: &str = "sk-weir-zebra-cccc";

/// Requests per minute and concurrency.
type Limits = (Option<u32>, Option<u32>);
const FREE: Limits = (None, None);

fn key(id: &str, secret: &str, (requests_per_minute, concurrency): Limits) -> weir_config::KeyConfig {
    let hash = key::hash(PEPPER, id, secret);
    weir_config::KeyConfig { id: id.to_owned(), hash, secret: None, requests_per_minute, concurrency, models: None }
}

fn tenant(
    name: &str,
    (requests_per_minute, concurrency): Limits,
    keys: Vec<weir_config::KeyConfig>,
) -> weir_config::TenantConfig {
    weir_config::TenantConfig {
        name: name.to_owned(),
        models: vec!["*".to_owned()],
        requests_per_minute,
        concurrency,
        keys,
    }
}

/// Two tenants; `acme` has two keys, of which the first may be limited.
fn configured(acme: Limits, one: Limits) -> Vec<weir_config::TenantConfig> {
    let keys = vec![key("acme_1", "aaaa", one), key("acme_2", "bbbb", FREE)];
    vec![tenant("acme", acme, keys), tenant("zebra", FREE, vec![key("zebra", "cccc", FREE)])]
}

fn tenants(acme: Limits, one: Limits, previous: Option<&Tenants>) -> Tenants {
    Tenants::assemble(&configured(acme, one), PEPPER, previous)
}

#[test]
fn a_token_leads_to_its_key_and_tenant_or_to_the_right_refusal() {
    let all = tenants(FREE, FREE, None);
    let table: &[(Option<&str>, Result<(&str, &str), Denied>)] = &[
        (Some(ONE), Ok(("acme", "acme_1"))),
        (Some(TWO), Ok(("acme", "acme_2"))),
        (Some(ZEBRA), Ok(("zebra", "zebra"))),
        (None, Err(Denied::MissingKey)),
        (Some(""), Err(Denied::MissingKey)),
        (Some("sk-weir-acme_1"), Err(Denied::MalformedKey)),
        (Some("Bearer sk-weir-acme_1-aaaa"), Err(Denied::MalformedKey)),
        (Some("sk-proj-aaaa"), Err(Denied::MalformedKey)),
        (Some("sk-weir-acme_1-aaab"), Err(Denied::UnknownKey)),
        (Some("sk-weir-acme_1-aaaaa"), Err(Denied::UnknownKey)),
        (Some("sk-weir-acme_2-aaaa"), Err(Denied::UnknownKey)),
        (Some("sk-weir-nobody-aaaa"), Err(Denied::UnknownKey)),
        (Some("sk-weir-acme-aaaa"), Err(Denied::UnknownKey)),
    ];
    for (token, expected) in table {
        let found = all.identify(*token);
        let names = found.as_ref().map(|caller| (&*caller.tenant.name, &*caller.key.id)).map_err(Clone::clone);
        assert_eq!(names, *expected, "{token:?}");
    }
}

#[test]
fn an_unknown_id_and_a_wrong_secret_hash_and_compare_alike() {
    let all = tenants(FREE, FREE, None);
    let known = &all.doors.get("acme_1").unwrap().lock;
    // The same function over the same sizes; only the key material differs.
    assert!(!known.opens("aaab"));
    assert!(!all.blank.opens("aaab"));
    assert_ne!(known.hashing_key, all.blank.hashing_key);
    assert_eq!(all.identify(Some("sk-weir-nobody-x")).unwrap_err(), all.identify(Some("sk-weir-zebra-x")).unwrap_err());
}

#[test]
fn another_pepper_lets_nobody_in() {
    let all = Tenants::assemble(&configured(FREE, FREE), b"another", None);
    assert_eq!(all.identify(Some(ONE)).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn the_first_of_two_keys_with_one_id_has_it() {
    let from = vec![
        tenant("first", FREE, vec![key("same", "aaaa", FREE)]),
        tenant("second", FREE, vec![key("same", "bbbb", FREE)]),
    ];
    let all = Tenants::assemble(&from, PEPPER, None);
    assert_eq!(&*all.identify(Some("sk-weir-same-aaaa")).unwrap().tenant.name, "first");
    assert_eq!(all.identify(Some("sk-weir-same-bbbb")).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn a_model_must_be_on_the_tenants_list_and_on_the_keys() {
    let list = |models: &[&str]| models.iter().map(|&model| model.to_owned()).collect::<Vec<_>>();
    let table: &[(&[&str], Option<&[&str]>, &str, bool)] = &[
        (&["*"], None, "gpt-4o", true),
        (&[], None, "gpt-4o", false),
        (&["gpt-*"], None, "gpt-4o", true),
        (&["gpt-*"], None, "claude", false),
        (&["gpt-*"], Some(&["*"]), "gpt-4o", true),
        (&["gpt-*"], Some(&["*"]), "claude", false),
        (&["*"], Some(&["gpt-*", "claude"]), "claude", true),
        (&["*"], Some(&["gpt-*", "claude"]), "claude-2", false),
        (&["*"], Some(&[]), "gpt-4o", false),
        (&["demo", "gpt-*"], None, "demo", true),
    ];
    for (of_tenant, of_key, model, expected) in table {
        let mut from = tenant("acme", FREE, vec![key("acme_1", "aaaa", FREE)]);
        from.models = list(of_tenant);
        from.keys[0].models = of_key.map(list);
        let all = Tenants::assemble(&[from], PEPPER, None);
        let caller = all.identify(Some(ONE)).unwrap();
        assert_eq!(caller.may_use(model), *expected, "{of_tenant:?} {of_key:?} {model}");
    }
}

#[test]
fn the_limits_of_key_and_tenant_both_apply() {
    let now = Instant::now();
    let rate = |scope, limit| (Some((scope, limit)), None);
    let seats = |scope, limit| (None, Some((scope, limit)));
    type Met = (Option<(&'static str, u32)>, Option<(&'static str, u32)>);
    let table: &[(Limits, Limits, u32, Met)] = &[
        ((Some(5), None), FREE, 5, rate("tenant", 5)),
        (FREE, (Some(3), None), 3, rate("key", 3)),
        ((Some(5), None), (Some(3), None), 3, rate("key", 3)),
        ((Some(2), None), (Some(3), None), 2, rate("tenant", 2)),
        ((None, Some(4)), FREE, 4, seats("tenant", 4)),
        (FREE, (None, Some(2)), 2, seats("key", 2)),
        ((None, Some(4)), (None, Some(9)), 4, seats("tenant", 4)),
        ((Some(9), Some(4)), (Some(9), Some(9)), 4, seats("tenant", 4)),
    ];
    for (of_tenant, of_key, fit, met) in table {
        let all = tenants(*of_tenant, *of_key, None);
        let caller = all.identify(Some(ONE)).unwrap();
        let held: Vec<_> = (0..*fit).map(|_| caller.admit(now).unwrap()).collect();
        let refusal = match caller.admit(now).unwrap_err() {
            Denied::RateLimited { scope, limit, .. } => (Some((scope, limit)), None),
            Denied::TooManyConcurrent { scope, limit } => (None, Some((scope, limit))),
            other => panic!("{other}"),
        };
        assert_eq!(refusal, *met);
        assert_eq!(caller.tenant.in_flight(), *fit);
        drop(held);
    }
}

#[test]
fn a_refusal_by_the_tenant_gives_the_key_its_permit_back() {
    let all = tenants((Some(1), None), (Some(2), Some(5)), None);
    let now = Instant::now();
    let (one, two) = (all.identify(Some(ONE)).unwrap(), all.identify(Some(TWO)).unwrap());
    let _first = two.admit(now).unwrap();
    for _ in 0..50 {
        let refusal = one.admit(now).unwrap_err();
        assert!(matches!(refusal, Denied::RateLimited { scope: "tenant", limit: 1, .. }), "{refusal}");
    }
    assert_eq!(one.key.in_flight(), 0);
    // The tenant's minute is over, and the key has lost nothing.
    let seat = one.admit(now + Duration::from_secs(60)).unwrap();
    assert_eq!(seat.rate.unwrap().limit, 1);
    assert_eq!(one.key.in_flight(), 1);
    let unlimited = tenants(FREE, (Some(2), Some(5)), Some(&all));
    let one = unlimited.identify(Some(ONE)).unwrap();
    assert_eq!(one.admit(now + Duration::from_secs(60)).unwrap().rate.unwrap().remaining, 0);
}

#[test]
fn a_key_beyond_its_own_limit_costs_its_tenant_nothing() {
    let all = tenants((Some(3), None), (Some(1), None), None);
    let now = Instant::now();
    let (one, two) = (all.identify(Some(ONE)).unwrap(), all.identify(Some(TWO)).unwrap());
    let _seat = one.admit(now).unwrap();
    for _ in 0..50 {
        assert!(matches!(one.admit(now).unwrap_err(), Denied::RateLimited { scope: "key", .. }));
    }
    assert_eq!(two.admit(now).unwrap().rate.unwrap().remaining, 1);
}

#[test]
fn the_rate_of_a_seat_is_the_tighter_of_key_and_tenant() {
    let all = tenants((Some(3), None), (Some(2), None), None);
    let now = Instant::now();
    let (one, two) = (all.identify(Some(ONE)).unwrap(), all.identify(Some(TWO)).unwrap());
    let rate = one.admit(now).unwrap().rate.unwrap();
    assert_eq!((rate.limit, rate.remaining), (2, 1));
    let _two = two.admit(now).unwrap();
    let rate = one.admit(now).unwrap().rate.unwrap();
    assert_eq!((rate.limit, rate.remaining), (2, 0), "both have none left, for as long: the key's, which came first");
    let free = tenants(FREE, FREE, None);
    assert_eq!(free.identify(Some(ONE)).unwrap().admit(now).unwrap().rate, None);
}

#[test]
fn a_seat_is_released_once_however_often_it_is_asked_to() {
    let all = tenants((None, Some(2)), FREE, None);
    let now = Instant::now();
    let caller = all.identify(Some(ONE)).unwrap();
    let (mut one, two) = (caller.admit(now).unwrap(), caller.admit(now).unwrap());
    one.release();
    one.release();
    drop(one);
    assert_eq!(caller.tenant.in_flight(), 1);
    drop(two);
    assert_eq!((caller.tenant.in_flight(), caller.key.in_flight()), (0, 0));
}

#[test]
fn a_reload_carries_spent_requests_and_held_seats_over_by_name() {
    let before = tenants((Some(2), Some(2)), FREE, None);
    let now = Instant::now();
    let seat = before.identify(Some(ONE)).unwrap().admit(now).unwrap();
    // Another order, so other indexes: names decide.
    let mut from = configured((Some(2), Some(2)), FREE);
    from.reverse();
    let after = Tenants::assemble(&from, PEPPER, Some(&before));
    let caller = after.identify(Some(TWO)).unwrap();
    assert_eq!((caller.tenant.index, caller.tenant.in_flight()), (1, 1));
    assert_eq!(caller.admit(now).unwrap().rate.unwrap().remaining, 0);
    drop(seat);
    assert_eq!(caller.tenant.in_flight(), 0);
    assert!(matches!(caller.admit(now).unwrap_err(), Denied::RateLimited { .. }));
}

#[test]
fn a_reload_with_other_limits_keeps_the_amount_that_was_spent() {
    let before = tenants(FREE, (Some(60), None), None);
    let now = Instant::now();
    let caller = before.identify(Some(ONE)).unwrap();
    while caller.admit(now).is_ok() {}
    let after = tenants(FREE, (Some(600), None), Some(&before));
    let caller = after.identify(Some(ONE)).unwrap();
    assert_eq!(caller.admit(now).unwrap().rate.unwrap().remaining, 539);
    let lowered = tenants(FREE, (Some(6), None), Some(&after));
    let refusal = lowered.identify(Some(ONE)).unwrap().admit(now).unwrap_err();
    let (retry_after, reset) = (Duration::from_secs(10), Duration::from_secs(60));
    assert_eq!(refusal, Denied::RateLimited { scope: "key", limit: 6, retry_after, reset });
}

#[test]
fn a_reload_drops_what_the_new_configuration_does_not_name() {
    let before = tenants(FREE, FREE, None);
    let from = vec![tenant("zebra", FREE, vec![key("zebra", "cccc", FREE)])];
    let after = Tenants::assemble(&from, PEPPER, Some(&before));
    assert_eq!(after.identify(Some(ONE)).unwrap_err(), Denied::UnknownKey);
    assert_eq!(after.iter().map(|tenant| &*tenant.name).collect::<Vec<_>>(), ["zebra"]);
}

#[test]
fn a_moment_before_the_base_counts_as_the_base() {
    let long_ago = Instant::now();
    let all = tenants((Some(1), None), FREE, None);
    let caller = all.identify(Some(ONE)).unwrap();
    assert!(caller.admit(long_ago).is_ok());
    assert!(caller.admit(long_ago).is_err());
}

#[test]
fn neither_tokens_nor_hashes_appear_in_debug_or_in_refusals() {
    let all = tenants(FREE, FREE, None);
    let caller = all.identify(Some(ONE)).unwrap();
    let seat = caller.admit(Instant::now()).unwrap();
    let refusal = all.identify(Some("sk-weir-acme_1-guess")).unwrap_err();
    let shown = format!("{all:?} {caller:?} {seat:?} {refusal:?} {refusal}");
    let hash = key::hash(PEPPER, "acme_1", "aaaa");
    for secret in ["aaaa", "guess", "a pepper", &blake3::Hash::from_bytes(hash).to_hex(), &format!("{hash:?}")] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("acme_1"));
}

#[test]
fn threads_never_hold_more_seats_than_key_and_tenant_allow_and_leave_none_behind() {
    let all = tenants((None, Some(3)), (None, Some(2)), None);
    let now = Instant::now();
    let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for token in [ONE, TWO, ONE, TWO] {
            let (all, inside, most) = (&all, &inside, &most);
            scope.spawn(move || {
                let caller = all.identify(Some(token)).unwrap();
                for _ in 0..3_000 {
                    if let Ok(seat) = caller.admit(now) {
                        most.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
                        inside.fetch_sub(1, Relaxed);
                        drop(seat);
                    }
                }
            });
        }
    });
    assert!((1..=3).contains(&most.into_inner()));
    assert!(all.iter().all(|tenant| tenant.in_flight() == 0 && tenant.keys().all(|key| key.in_flight() == 0)));
}

proptest! {
    /// Any interleaving of arrivals by two keys, departures and reloads with other limits, against plain counts.
    #[test]
    fn seats_agree_with_plain_counts_across_keys_and_reloads(
        steps in prop::collection::vec((0..6u8, 0..4u32, 0..4u32), 1..120),
    ) {
        let now = Instant::now();
        let (mut of_tenant, mut of_key) = (2, 1);
        let mut all = tenants((None, Some(of_tenant)), (None, Some(of_key)), None);
        let (mut ones, mut twos) = (Vec::new(), Vec::new());
        for (step, a, b) in steps {
            let count = |seats: &Vec<Seat>| u32::try_from(seats.len()).unwrap();
            let total = count(&ones) + count(&twos);
            match step {
                0 | 1 => {
                    let seat = all.identify(Some(ONE)).unwrap().admit(now);
                    prop_assert_eq!(seat.is_ok(), count(&ones) < of_key && total < of_tenant);
                    ones.extend(seat);
                }
                2 | 3 => {
                    let seat = all.identify(Some(TWO)).unwrap().admit(now);
                    prop_assert_eq!(seat.is_ok(), total < of_tenant);
                    twos.extend(seat);
                }
                4 => drop(if a % 2 == 0 { ones.pop() } else { twos.pop() }),
                _ => {
                    (of_tenant, of_key) = (a, b);
                    all = tenants((None, Some(of_tenant)), (None, Some(of_key)), Some(&all));
                }
            }
            let caller = all.identify(Some(ONE)).unwrap();
            prop_assert_eq!(caller.key.in_flight(), count(&ones));
            prop_assert_eq!(caller.tenant.in_flight(), count(&ones) + count(&twos));
        }
    }
}
