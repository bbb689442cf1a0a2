use proptest::prelude::*;
use weir_plugin::{Candidate, Facts, Plugin, Router, Routing, fake};

use crate::ByCost;

fn candidate(name: &str, healthy: bool, input_price: u64, output_price: u64) -> Candidate {
    let (provider, model) = name.split_once('/').unwrap();
    Candidate { provider: provider.into(), model: model.into(), healthy, input_price, output_price }
}

fn three() -> Vec<Candidate> {
    vec![
        candidate("a/big", true, 2_500_000, 10_000_000),
        candidate("b/mid", true, 500_000, 1_500_000),
        candidate("c/tiny", true, 100_000, 400_000),
    ]
}

/// A request by model, tenant and length of its body.
type Asked<'a> = (&'a str, &'a str, u32);

/// The order in which the candidates are tried.
fn order(settings: &str, asked: Asked<'_>, candidates: &[Candidate]) -> Vec<u32> {
    order_for(fake::Host::new(fake::Hook::Router), settings, asked, candidates)
}

fn order_for(host: fake::Host, settings: &str, asked: Asked<'_>, candidates: &[Candidate]) -> Vec<u32> {
    let (model, tenant, body_bytes) = asked;
    let _running = host.model(model).tenant(tenant).start();
    let facts = Facts { body_bytes, ..fake::facts() };
    match ByCost::init(settings).unwrap().route(&facts, candidates).unwrap() {
        Routing::Keep => (0..).zip(candidates).map(|(index, _)| index).collect(),
        Routing::Order(choices) => choices.into_iter().map(|choice| choice.candidate).collect(),
    }
}

#[test]
fn cheapest_and_dearest_order_by_cost() {
    let asked = ("m", "t", 400);
    assert_eq!(order(r#"{"rules":[{"prefer":"cheapest"}]}"#, asked, &three()), [2, 1, 0]);
    assert_eq!(order(r#"{"rules":[{"prefer":"dearest"}]}"#, asked, &three()), [0, 1, 2]);
}

#[test]
fn the_cost_weighs_input_against_expected_output() {
    // One is cheap to ask, the other cheap to listen to.
    let two = [candidate("a/x", true, 1_000, 9_000), candidate("b/y", true, 4_000, 1_000)];
    let cheapest = r#"{"default":"cheapest","expected_output_tokens":100}"#;
    assert_eq!(order(cheapest, ("m", "t", 400), &two), [1, 0]);
    assert_eq!(order(cheapest, ("m", "t", 40_000), &two), [0, 1]);
    let embedding = fake::Host::new(fake::Hook::Router).dialect("openai.embeddings");
    assert_eq!(order_for(embedding, cheapest, ("m", "t", 400), &two), [0, 1], "an embedding has no output");
}

#[test]
fn healthy_candidates_come_before_preferred_ones_that_are_not() {
    let mut candidates = three();
    candidates.last_mut().unwrap().healthy = false;
    assert_eq!(order(r#"{"default":"cheapest"}"#, ("m", "t", 1), &candidates), [1, 0, 2]);
    candidates.first_mut().unwrap().healthy = false;
    assert_eq!(order(r#"{"default":"first"}"#, ("m", "t", 1), &candidates), [1, 0, 2]);
}

#[test]
fn a_target_by_name_comes_first_and_the_others_stay_as_fall_backs() {
    assert_eq!(order(r#"{"default":"b/mid"}"#, ("m", "t", 1), &three()), [1, 0, 2]);
    assert_eq!(order(r#"{"default":"b/none"}"#, ("m", "t", 1), &three()), [0, 1, 2]);
}

#[test]
fn the_first_rule_that_applies_decides() {
    let settings = r#"{"rules":[
        {"models":["gpt-*","o?"],"tenants":["acme"],"prefer":"b/mid"},
        {"min_input_bytes":1000,"max_input_bytes":2000,"prefer":"cheapest"},
        {"tenants":["glob*"],"prefer":"dearest"}],"default":"keep"}"#;
    assert_eq!(order(settings, ("gpt-4o", "acme", 1500), &three()), [1, 0, 2]);
    assert_eq!(order(settings, ("gpt-4o", "other", 1000), &three()), [2, 1, 0]);
    assert_eq!(order(settings, ("o1", "acme", 2000), &three()), [2, 1, 0], "only * is special");
    assert_eq!(order(settings, ("gpt-4o", "other", 2001), &three()), [0, 1, 2]);
    assert_eq!(order(settings, ("gpt-4o", "globex", 999), &three()), [0, 1, 2]);
}

#[test]
fn without_settings_everything_is_kept() {
    let routing = ByCost::init("{}").unwrap().route(&fake::facts(), &three()).unwrap();
    assert_eq!(routing, Routing::Keep);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |settings: &str| ByCost::init(settings).unwrap_err();
    assert!(wrong(r#"{"rules":[{}]}"#).starts_with("settings.rules[0].prefer: say whom"));
    assert!(wrong(r#"{"rules":[{"prefer":"cheap"}]}"#).contains("`cheap` is nobody to prefer"));
    assert!(wrong(r#"{"rules":[{"prefer":"first","model":["x"]}]}"#).contains("settings.rules[0].model: there is no"));
    assert!(wrong(r#"{"rules":[{"prefer":"first","min_input_bytes":2,"max_input_bytes":1}]}"#).contains("no request"));
    assert!(wrong(r#"{"default":"none"}"#).starts_with("settings.default"));
    assert!(wrong(r#"{"rule":[]}"#).contains("settings.rule: there is no such setting"));
}

proptest! {
    #[test]
    fn nobody_is_left_out_or_named_twice(
        prices in proptest::collection::vec((any::<bool>(), any::<u64>(), any::<u64>()), 0..8),
        bytes in any::<u32>(),
        prefer in "cheapest|dearest|first|p/m3",
    ) {
        let candidates: Vec<_> = prices
            .iter()
            .enumerate()
            .map(|(index, (healthy, input, output))| candidate(&format!("p/m{index}"), *healthy, *input, *output))
            .collect();
        let settings = format!(r#"{{"default":"{prefer}","expected_output_tokens":{}}}"#, u64::MAX);
        let order = order(&settings, ("m", "t", bytes), &candidates);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let all: Vec<u32> = (0..).zip(&candidates).map(|(index, _)| index).collect();
        prop_assert_eq!(sorted, all);
        let healthy: Vec<bool> = order.iter().map(|index| candidates.get(*index as usize).unwrap().healthy).collect();
        prop_assert!(healthy.is_sorted_by_key(|healthy| !healthy), "an avoided one before a healthy one");
    }

    #[test]
    fn a_glob_agrees_with_a_plain_search(parts in proptest::collection::vec("[ab]{0,2}", 1..4), text in "[ab]{0,8}") {
        // The plain search: the parts between the stars in order, the first at the start, the last at the end.
        let (first, last) = (parts.first().unwrap(), parts.last().unwrap());
        let expected = if parts.len() == 1 {
            text == *first
        } else {
            text.len() >= first.len() + last.len() && text.starts_with(first.as_str()) && text.ends_with(last.as_str()) && {
                let mut rest = text.get(first.len()..text.len() - last.len()).unwrap();
                parts.get(1..parts.len() - 1).unwrap().iter().all(|part| match rest.find(part.as_str()) {
                    Some(at) => {
                        rest = rest.get(at + part.len()..).unwrap();
                        true
                    }
                    None => false,
                })
            }
        };
        let settings = format!(r#"{{"rules":[{{"models":["{}"],"prefer":"cheapest"}}]}}"#, parts.join("*"));
        let two = [candidate("a/x", true, 2, 2), candidate("b/y", true, 1, 1)];
        prop_assert_eq!(order(&settings, (&text, "t", 4), &two) == [1, 0], expected);
    }
}
