//! Observers of finished requests: whatever one of them does, the others see what is theirs.

use crate::guest::{Bound, Guest, chain, gateway_with, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, config, post, until};

/// An observer that counts what it sees.
fn counting() -> Guest {
    Guest::default().observe(r#"(call $counters.add @"seen" (i64.const 1))"#)
}

/// An observer that never comes to an end.
fn spinning() -> Guest {
    Guest::default().observe("(loop $forever (br $forever))")
}

/// A deadline that no test waits for.
const FOREVER: &str = "limits = { deadline = \"60s\", cpu = \"1000s\", cpu_burst = \"1h\" }";

fn one_worker(upstream: &Upstream, limits: &str, bound: &[Bound<'_>]) -> String {
    let config =
        config(upstream.address).replace("workers = 2", "workers = 1").replace("drain = \"5s\"", "drain = \"0s\"");
    format!("{config}\n{limits}\n{}", chain(bound))
}

fn seen(gateway: &Gateway, plugin: &str, tenant: &str) -> f64 {
    gateway.metric("weir_plugin_counter_total", &[&format!("plugin=\"{plugin}\""), &format!("tenant=\"{tenant}\"")])
}

fn skipped(gateway: &Gateway, plugin: &str, tenant: &str) -> f64 {
    let labels = [format!("plugin=\"{plugin}\""), format!("tenant=\"{tenant}\"")];
    gateway.metric("weir_plugin_observe_skipped_total", &[&labels[0], &labels[1]])
}

fn ask(gateway: &Gateway, token: &str, text: &str) {
    let body = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string();
    assert_eq!(post(gateway.address, token, &body).content(), "hello");
}

/// Waits until the plugin whose name ends so is at work.
fn spins(gateway: &Gateway, plugin: &str) {
    until("it spins", || (gateway.metric("weir_plugin_instances", &[&format!("{plugin}\"")]) >= 1.0).then_some(()));
}

#[test]
fn while_one_tenants_observer_spins_another_tenants_sees_every_request() {
    let (upstream, count, spin) = (Upstream::chat(), counting(), spinning());
    let spinner = format!("tenants = [\"acme\"]\n{FOREVER}");
    let bound = [("spin", &spin, spinner.as_str()), ("count", &count, "")];
    let gateway = gateway_with(&one_worker(&upstream, "", &bound), &bound);
    ask(&gateway, ACME, "hi");
    spins(&gateway, "spin");
    for _ in 0..10 {
        ask(&gateway, ACME, "hi");
        (0..20).for_each(|_| ask(&gateway, GLOBEX, "hi"));
    }
    until("all are seen", || (seen(&gateway, "count", "globex") == 200.0).then_some(()));
    soon_eq!(skipped(&gateway, "count", "globex"), 0.0);
}

#[test]
fn a_dropped_observer_that_spins_keeps_nothing_from_those_that_the_chain_names() {
    let (upstream, count) = (Upstream::chat(), counting());
    let bound = [("count", &count, "")];
    let config =
        one_worker(&upstream, "[limits]\nobserve_waiting = 64\n[plugins.defaults]\ndeadline = \"60s\"", &bound);
    let gateway = Gateway::start_with(&config, |folder| {
        install(folder, "count", &count.build());
        install(&folder.join("tenants/acme"), "spin", &spinning().build());
    });
    ask(&gateway, ACME, "hi");
    spins(&gateway, "spin");
    (0..100).for_each(|_| ask(&gateway, ACME, "hi"));
    until("all are seen", || (seen(&gateway, "count", "acme") == 101.0).then_some(()));
    // Of those that found no room before the dropped one, each is counted for it, and for nobody else.
    until("it has missed some", || (skipped(&gateway, "tenants/acme/spin", "acme") >= 80.0).then_some(()));
    soon_eq!(skipped(&gateway, "count", "acme"), 0.0);
    soon_eq!(gateway.metric("weir_observe_skipped_total", &[]), skipped(&gateway, "tenants/acme/spin", "acme"));
}

#[test]
fn what_is_skipped_is_counted_by_tenant_and_plugin_and_takes_no_room_from_others() {
    let (upstream, count, spin) = (Upstream::chat(), counting(), spinning());
    let spinner = format!("tenants = [\"acme\"]\n{FOREVER}");
    let bound = [("spin", &spin, spinner.as_str()), ("count", &count, "tenants = [\"globex\"]")];
    let gateway = gateway_with(&one_worker(&upstream, "[limits]\nobserve_waiting = 16", &bound), &bound);
    ask(&gateway, ACME, "hi");
    spins(&gateway, "spin");
    for _ in 0..20 {
        (0..5).for_each(|_| ask(&gateway, ACME, "hi"));
        ask(&gateway, GLOBEX, "hi");
    }
    until("all are seen", || (seen(&gateway, "count", "globex") == 20.0).then_some(()));
    // Half of three quarters of sixteen wait.
    until("the others are skipped", || (skipped(&gateway, "spin", "acme") == 94.0).then_some(()));
    soon_eq!(gateway.metric("weir_plugin_observe_skipped_total", &["globex"]), 0.0);
}

#[test]
fn requests_that_wait_for_observers_hold_no_more_memory_than_the_limit_says() {
    let (upstream, count, spin) = (Upstream::chat(), counting(), spinning());
    let spinner = format!("tenants = [\"acme\"]\n{FOREVER}");
    let bound = [("spin", &spin, spinner.as_str()), ("count", &count, "tenants = [\"globex\"]")];
    let gateway = gateway_with(&one_worker(&upstream, "[limits]\nobserve_memory = \"1MiB\"", &bound), &bound);
    ask(&gateway, ACME, "hi");
    spins(&gateway, "spin");
    let long = "x".repeat(100_000);
    for _ in 0..20 {
        ask(&gateway, ACME, &long);
    }
    // Three quarters are the chain's, and half of that is the most that one tenant has: four of them.
    until("the others are skipped", || (skipped(&gateway, "spin", "acme") >= 15.0).then_some(()));
    ask(&gateway, GLOBEX, &long);
    until("others have room", || (seen(&gateway, "count", "globex") == 1.0).then_some(()));
}

#[test]
fn a_dozen_observers_that_spin_for_a_dozen_tenants_do_not_keep_the_next_one_from_seeing() {
    let (upstream, count, spin) = (Upstream::chat(), counting(), spinning());
    // Each binding of the spinner sees other models of the same tenant, and each is at work for one request.
    let spinner = format!("tenants = [\"acme\"]\n{FOREVER}");
    let bound = [("spin", &spin, spinner.as_str()), ("count", &count, "tenants = [\"globex\"]")];
    let mut config = one_worker(&upstream, "", &bound);
    let hash = |id: &str| -> String {
        weir_tenancy::key::hash(b"", id, "demo").iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let names: Vec<String> = (0..12).map(|n| format!("hog{n}")).collect();
    let tenants: String = names
        .iter()
        .map(|name| {
            format!(
                "[tenants.{name}]\nmodels = [\"*\"]\n[[tenants.{name}.keys]]\nid = \"{name}\"\nhash = \"blake3:{}\"\n",
                hash(name)
            )
        })
        .collect();
    let all = std::iter::once("acme").chain(names.iter().map(String::as_str)).map(|name| format!("{name:?}"));
    config = config.replace("tenants = [\"acme\"]", &format!("tenants = [{}]", all.collect::<Vec<_>>().join(", ")));
    config = config.replacen("[plugins]\n", &format!("{tenants}[plugins]\n"), 1);
    let gateway = gateway_with(&config, &bound);
    for name in &names {
        ask(&gateway, &format!("sk-weir-{name}-demo"), "hi");
    }
    until("all of them spin", || (gateway.metric("weir_plugin_instances", &["plugin=\"spin\""]) == 12.0).then_some(()));
    (0..50).for_each(|_| ask(&gateway, GLOBEX, "hi"));
    until("all are seen", || (seen(&gateway, "count", "globex") == 50.0).then_some(()));
}
