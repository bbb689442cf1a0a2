//! Instances of plugins are shared out: whatever one tenant's plugins do with theirs, the others find their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;
mod support;

use guest::calling::{Held, settings, telling};
use guest::{Bound, Guest, chain, gateway_with, install};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::TcpStream;
use support::client::write_request;
use support::upstream::Upstream;
use support::{ACME, GLOBEX, Gateway, chat, config, config_with, post, until};

/// A plugin that lets everything pass.
fn passing() -> Guest {
    Guest::on("policy", "(call $pass)")
}

/// As many descriptors as this process may have: a test that holds a thousand connections needs them.
fn raise_descriptors() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
}

/// Requests of acme's that call out to somebody who does not answer, so many at once; nobody reads what comes of them.
fn call_out(gateway: &Gateway, held: &Held, count: usize) -> Vec<TcpStream> {
    let (bearer, url) = (format!("Bearer {ACME}"), held.url("/leaving"));
    let headers = [("authorization", bearer.as_str()), ("x-url", url.as_str())];
    let ask = |_| {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        stream
    };
    (0..count).map(ask).collect()
}

/// Settings of acme's plugin that calls out, with as many instances as a pool may have.
fn slow(held: &Held) -> String {
    let origin = format!("http://{}", held.service.address);
    format!(
        "tenants = [\"acme\"]\nmodels = [\"m\"]\nlimits = {{ instances = 1000, wait = \"0ms\" }}\n{}",
        settings(&[&origin], "private = true, timeout = \"5m\"")
    )
}

/// `[plugins]` with these keys and these plugins.
fn plugins(keys: &str, bound: &[Bound<'_>]) -> String {
    chain(bound).replacen("[plugins]\n", &format!("[plugins]\n{keys}\n"), 1)
}

/// Faults of a tenant's plugins for want of instances.
fn wanting(gateway: &Gateway, tenant: &str) -> f64 {
    ["share", "full", "busy"]
        .iter()
        .map(|reason| gateway.metric("weir_plugin_faults_total", &[tenant, &format!("reason=\"{reason}\"")]))
        .sum()
}

#[test]
fn a_tenant_whose_plugins_wait_by_the_thousand_is_refused_by_name_and_others_notice_nothing() {
    raise_descriptors();
    let (upstream, held, caller, quick) = (Upstream::chat(), Held::start(), telling(), passing());
    let slow = slow(&held);
    let bound = [("slow", &caller, slow.as_str()), ("quick", &quick, "")];
    let models = config_with(upstream.address, "retries = 0", "[models.n]\ntargets = [\"up/n\"]");
    let gateway = gateway_with(&format!("{models}{}", chain(&bound)), &bound);
    let _asked = call_out(&gateway, &held, 1_200);
    let waits = || gateway.metric("weir_plugin_instances", &["plugin=\"slow\""]);
    until("all of them wait or are refused", || (waits() + wanting(&gateway, "acme") >= 1_200.0).then_some(()));
    assert!(waits() > 100.0, "{} wait", waits());
    for n in 0..100 {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    assert_eq!(wanting(&gateway, "globex"), 0.0);
    // What the tenant itself gets says so, and when to come back.
    let bearer = format!("Bearer {ACME}");
    let url = held.url("/leaving");
    let headers = [("authorization", bearer.as_str()), ("x-url", url.as_str())];
    let refused = support::send(gateway.address, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_over_share"), "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Another plugin of its own, which has next to nothing, finds room.
    let other = post(gateway.address, ACME, &chat("hi").replace("\"m\"", "\"n\""));
    assert_eq!((other.status, other.content().as_str()), (200, "hello"), "{}", other.text());
}

#[test]
fn a_tenant_whose_plugins_spin_by_the_thousand_keeps_no_other_from_its_instances() {
    raise_descriptors();
    let (upstream, spinning, quick) =
        (Upstream::chat(), Guest::on("policy", "(loop $on (br $on)) unreachable"), passing());
    let spin = "tenants = [\"acme\"]\nlimits = { instances = 1000, wait = \"0ms\", deadline = \"60s\", cpu = \"1000s\", cpu_burst = \"1h\" }";
    let bound = [("spin", &spinning, spin), ("quick", &quick, "tenants = [\"globex\"]")];
    let gateway = gateway_with(&format!("{}{}", config(upstream.address), chain(&bound)), &bound);
    let bearer = format!("Bearer {ACME}");
    let ask = |_| {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        stream
    };
    let _asked: Vec<TcpStream> = (0..1_200).map(ask).collect();
    let spins = || gateway.metric("weir_plugin_instances", &["plugin=\"spin\""]);
    until("all of them spin or are refused", || (spins() + wanting(&gateway, "acme") >= 1_200.0).then_some(()));
    assert!(spins() > 100.0, "{} spin", spins());
    for n in 0..20 {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    assert_eq!(wanting(&gateway, "globex"), 0.0);
}

#[test]
fn as_many_copies_as_there_are_instances_keep_no_new_plugin_from_its_start() {
    let (upstream, pass) = (Upstream::chat(), passing().build());
    let config = config(upstream.address).replace("workers = 2", "workers = 1");
    let gateway = Gateway::start_with(&config, |folder| {
        for n in 0..1_100 {
            install(&folder.join("tenants/acme"), &format!("copy-{n:04}"), &pass);
        }
    });
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{}", reply.text());
    install(&gateway.plugins().join("tenants/globex"), "late", &pass);
    until("the new plugin serves", || {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        (gateway.metric("weir_plugin_calls_total", &["plugin=\"tenants/globex/late\""]) > 0.0).then_some(())
    });
    assert_eq!(gateway.ready()["problems"].to_string(), "[]");
}

#[test]
fn instances_that_nobody_uses_are_given_up_for_calls_and_keep_no_new_plugin_from_its_start() {
    let (upstream, pass) = (Upstream::chat(), passing().build());
    let keys = "instances = 40\ntenant_instances = 20\ntenant_reserve = 4";
    let gateway = Gateway::start_with(&format!("{}{}", config(upstream.address), plugins(keys, &[])), |folder| {
        for n in 0..60 {
            install(&folder.join("tenants/acme"), &format!("copy-{n:02}"), &pass);
        }
    });
    for n in 0..6 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    assert!(gateway.metric("weir_plugin_instances", &["acme"]) <= 20.0);
    assert_eq!(wanting(&gateway, "acme"), 0.0);
    install(&gateway.plugins().join("tenants/globex"), "late", &pass);
    until("the new plugin serves", || {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        (gateway.metric("weir_plugin_calls_total", &["plugin=\"tenants/globex/late\""]) > 0.0).then_some(())
    });
    assert_eq!(gateway.ready()["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn the_pool_is_as_large_as_the_configuration_says_and_the_metrics_say_what_it_is_used_for() {
    let (upstream, quick) = (Upstream::chat(), passing());
    let bound = [("quick", &quick, "")];
    let config = |instances: u32| {
        format!("{}{}", config(upstream.address), plugins(&format!("instances = {instances}"), &bound))
    };
    let gateway = gateway_with(&config(100), &bound);
    let places = |state: &str| gateway.metric("weir_plugin_places", &[&format!("state=\"{state}\"")]);
    let all = || places("in_use") + places("idle") + places("free");
    assert_eq!((places("free"), all()), (100.0, 100.0));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("one is idle", || (places("idle") == 1.0 && places("free") == 99.0).then_some(()));
    assert!(gateway.metric("weir_plugin_memory_bytes", &[]) >= 131_072.0);
    gateway.write_config(&config(50));
    until("the pool is smaller", || (all() == 50.0).then_some(()));
    gateway.says("plugins.instances: 100 → 50");
}

#[test]
fn one_tenants_plugins_together_have_no_more_memory_than_a_tenant_may_have() {
    let upstream = Upstream::chat();
    // Six MiB more than it begins with, or a trap.
    let grows = Guest::on(
        "policy",
        "(if (i32.lt_u (memory.size) (i32.const 96)) (then (if (i32.eq (memory.grow (i32.const 96)) (i32.const -1)) (then unreachable)))) (call $pass)",
    );
    let bound: Vec<(String, String)> =
        (0..4).map(|n| (format!("grows-{n}"), "tenants = [\"acme\"]\non_failure = \"closed\"".to_owned())).collect();
    let bound: Vec<Bound<'_>> = bound.iter().map(|(name, more)| (name.as_str(), &grows, more.as_str())).collect();
    let quick = passing();
    let everybody = [bound.as_slice(), &[("quick", &quick, "tenants = [\"globex\"]")]].concat();
    let keys = "tenant_memory = \"16MiB\"";
    let gateway = gateway_with(&format!("{}{}", config(upstream.address), plugins(keys, &everybody)), &everybody);
    let refused = until("the tenant's memory is used up", || {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert!(gateway.metric("weir_plugin_memory_bytes", &[]) <= f64::from(17 << 20));
        (reply.status != 200).then_some(reply)
    });
    assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_over_share"), "{}", refused.text());
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
    assert_eq!(wanting(&gateway, "globex"), 0.0);
}

#[test]
fn a_tenant_beyond_its_share_is_no_flood_of_lines_in_the_log() {
    let (upstream, quick) = (Upstream::chat(), passing());
    let bound: Vec<String> = (0..4).map(|n| format!("quick-{n}")).collect();
    let bound: Vec<Bound<'_>> = bound
        .iter()
        .map(|name| (name.as_str(), &quick, "isolation = \"tenant\"\nlimits = { wait = \"0ms\" }"))
        .collect();
    let keys = "tenant_memory = \"1MiB\"";
    let large = Guest::on("policy", "(drop (memory.grow (i32.const 64))) unreachable");
    let all = [bound.as_slice(), &[("large", &large, "")]].concat();
    let gateway = gateway_with(&format!("{}{}", config(upstream.address), plugins(keys, &all)), &all);
    for _ in 0..20 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "plugin_over_share");
    }
    let log = gateway.log();
    assert!(!log.lines().any(|line| line.contains("WARN") && line.contains("large")), "{log}");
    assert_eq!(gateway.metric("weir_plugin_faults_total", &["plugin=\"large\"", "reason=\"share\""]), 20.0);
}
