//! Configurations by chance, one after the other: between the moment in which one is judged good and that in which it serves, what
//! serves is what both give, and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use weir_config::{Config, Overrides, parse, without_revoked};
use weir_seeded::{Chance, seeded};

use super::super::Tenants;
use crate::key;

const STEPS: usize = 60;
const MODELS: [&str; 4] = ["m0", "m1", "n0", "n1"];
const PATTERNS: [&str; 5] = ["\"*\"", "\"m*\"", "\"m0\"", "\"n0\", \"m1\"", "\"n*\""];
const SECRETS: [&str; 2] = ["aaaabbbbcccc", "ddddeeeeffff"];

/// A configuration by chance: models, tenants, and keys that may move, change their secret, or go.
fn config(chance: &mut Chance) -> Config {
    let pepper = if chance.percent(4) { "another pepper, long enough" } else { "a pepper of the tests, long enough" };
    let mut text = format!("pepper = \"{pepper}\"\n[providers.p]\nkind = \"demo\"\n");
    let first = chance.below(MODELS.len());
    for (at, model) in MODELS.iter().enumerate() {
        if at == first || chance.percent(80) {
            let _ = writeln!(text, "[models.{model}]\ntargets = [{{ provider = \"p\", model = \"m\" }}]");
        }
    }
    let of: Vec<usize> = (0..5).map(|_| chance.below(4)).collect();
    for tenant in 0..3 {
        if tenant > 0 && chance.percent(15) {
            continue;
        }
        let _ = writeln!(text, "[tenants.t{tenant}]\nmodels = [{}]", chance.one_of(PATTERNS));
        limits(&mut text, chance);
        for (at, _) in of.iter().enumerate().filter(|(_, of)| **of == tenant) {
            let secret = SECRETS[usize::from(chance.percent(10))];
            let hash = key::hash(pepper.as_bytes(), &format!("k{at}"), secret);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, "[[tenants.t{tenant}.keys]]\nid = \"k{at}\"\nhash = \"blake3:{hash}\"");
            if chance.percent(40) {
                let _ = writeln!(text, "models = [{}]", chance.one_of(PATTERNS));
            }
            limits(&mut text, chance);
        }
    }
    let loaded = parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}")).config
}

fn limits(text: &mut String, chance: &mut Chance) {
    for key in ["requests_per_minute", "concurrency"] {
        if chance.percent(40) {
            let _ = writeln!(text, "{key} = {}", 1 + chance.below(9));
        }
    }
}

/// Which token may use which model.
fn rights(config: &Config) -> BTreeSet<(String, String)> {
    let tenants = Tenants::build(config, None);
    let mut rights = BTreeSet::new();
    for (at, secret) in (0..5).flat_map(|at| SECRETS.map(|secret| (at, secret))) {
        let token = format!("{}k{at}-{secret}", key::PREFIX);
        let Ok(caller) = tenants.identify(Some(&token)) else { continue };
        let models = config.models.iter().map(|model| model.name.as_str());
        rights.extend(models.filter(|model| caller.may_use(model)).map(|model| (token.clone(), model.to_owned())));
    }
    rights
}

/// Nobody may do more at once, or in a minute, than before or afterwards.
fn are_as_low(now: &Config, others: [&Config; 2]) {
    let lower = |now: Option<u32>, other: Option<u32>| other.is_none_or(|other| now.is_some_and(|now| now <= other));
    for tenant in &now.tenants {
        for other in others.iter().flat_map(|other| &other.tenants) {
            if other.name == tenant.name {
                assert!(lower(tenant.requests_per_minute, other.requests_per_minute), "{}", tenant.name);
                assert!(lower(tenant.concurrency, other.concurrency), "{}", tenant.name);
            }
            for (one, key) in tenant.keys.iter().flat_map(|one| other.keys.iter().map(move |key| (one, key))) {
                if one.id == key.id {
                    assert!(lower(one.requests_per_minute, key.requests_per_minute), "{}", one.id);
                    assert!(lower(one.concurrency, key.concurrency), "{}", one.id);
                }
            }
        }
    }
}

#[test]
fn between_two_configurations_serves_what_both_give() {
    seeded("revocations", 8, |chance| {
        let mut whole = config(chance);
        for _ in 0..STEPS {
            let judged = config(chance);
            let less = without_revoked(&whole, &judged);
            let serving = less.clone().unwrap_or_else(|| whole.clone());
            let (before, after, now) = (rights(&whole), rights(&judged), rights(&serving));
            // Under another pepper a key's hash is another one, and nobody can tell that its secret is the same.
            let both = before.intersection(&after).filter(|_| whole.pepper == judged.pepper);
            assert_eq!(now, both.cloned().collect());
            assert!(less.is_some() || now == before && before.is_subset(&after), "nothing is said to be taken away");
            are_as_low(&serving, [&whole, &judged]);
            assert!(without_revoked(&serving, &judged).is_none(), "what was taken away is gone");
            // It may be built before the next one is judged, or not.
            if chance.percent(60) {
                whole = judged;
            }
        }
    });
}
