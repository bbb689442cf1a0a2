//! Instances of plugins are shared out: whatever one tenant's plugins do with theirs, the others find their own.

use crate::support;

use crate::guest::calling::{Held, settings, telling};
use crate::guest::{Bound, Guest, chain, gateway_with, install};
use crate::support::client::write_request;
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, post, until};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs;
use std::net::TcpStream;

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
    soon!(waits() > 100.0, "{} wait", waits());
    for n in 0..100 {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    soon_eq!(wanting(&gateway, "globex"), 0.0);
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
    soon!(spins() > 100.0, "{} spin", spins());
    for n in 0..20 {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    soon_eq!(wanting(&gateway, "globex"), 0.0);
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
    // A gateway does not wait for a thousand starts as long as they may take on a busy machine.
    until("all of them serve", || {
        let reply = post(gateway.address, ACME, &chat("hi"));
        let closed = reply.status == 503 && reply.code() == "tenant_closed";
        assert!(closed || (reply.status, reply.content().as_str()) == (200, "hello"), "{}", reply.text());
        (!closed).then_some(())
    });
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
    soon_eq!(wanting(&gateway, "acme"), 0.0);
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
    soon_eq!((places("free"), all()), (100.0, 100.0));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("one is idle", || (places("idle") == 1.0 && places("free") == 99.0).then_some(()));
    soon!(gateway.metric("weir_plugin_memory_bytes", &[]) >= 131_072.0);
    gateway.write_config(&config(50));
    until("the pool is smaller", || (all() == 50.0).then_some(()));
    gateway.says("plugins.instances: 100 → 50");
}

#[test]
fn one_tenants_plugins_together_have_no_more_memory_than_a_tenant_may_have() {
    let (upstream, grows, quick, large) = (Upstream::chat(), growing(96), passing(), growing(272));
    let names: Vec<String> = (0..4).map(|n| format!("grows-{n}")).collect();
    let acmes = "tenants = [\"acme\"]\nmodels = [\"m\"]\non_failure = \"closed\"";
    let bound: Vec<Bound<'_>> = names.iter().map(|name| (name.as_str(), &grows, acmes)).collect();
    let others = [("large", &large, "models = [\"n\"]"), ("quick", &quick, "tenants = [\"globex\"]")];
    let everybody = [bound.as_slice(), &others].concat();
    let keys = "tenant_memory = \"16MiB\"";
    let models = config_with(upstream.address, "retries = 0", "[models.n]\ntargets = [\"up/n\"]");
    let gateway = gateway_with(&format!("{models}{}", plugins(keys, &everybody)), &everybody);
    // Together they would have 24 MiB, and one of them ends for the next.
    for n in 0..8 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
        assert!(gateway.metric("weir_plugin_memory_bytes", &[]) <= f64::from(16 << 20));
    }
    let refused = post(gateway.address, ACME, &chat("hi").replace("\"m\"", "\"n\""));
    assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_over_share"), "{}", refused.text());
    soon_eq!(wanting(&gateway, "acme"), 1.0);
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
    soon_eq!(wanting(&gateway, "globex"), 0.0);
}

/// A policy that has so many pages of memory from its first call on, or traps.
fn growing(pages: u32) -> Guest {
    let grow = format!("(memory.grow (i32.const {pages}))");
    Guest::on(
        "policy",
        &format!(
            "(if (i32.lt_u (memory.size) (i32.const {pages})) \
             (then (if (i32.eq {grow} (i32.const -1)) (then unreachable)))) (call $pass)"
        ),
    )
}

#[test]
fn all_tenants_plugins_together_have_no_more_memory_than_there_is_for_them_and_who_has_little_gets_some() {
    let (upstream, grows, large, quick) = (Upstream::chat(), growing(32), growing(160), passing());
    let bound: Vec<String> = (0..8).map(|n| format!("grows-{n}")).collect();
    let acmes = "tenants = [\"acme\"]\nmodels = [\"m\"]\nlimits = { wait = \"0ms\" }";
    let hog: Vec<Bound<'_>> = bound.iter().map(|name| (name.as_str(), &grows, acmes)).collect();
    let others = [("large", &large, "models = [\"n\"]"), ("quick", &quick, "tenants = [\"globex\"]")];
    let everybody = [hog.as_slice(), &others].concat();
    let keys = "memory = \"12MiB\"\ntenant_memory = \"1GiB\"\ntenant_memory_reserve = \"1MiB\"";
    let models = config_with(upstream.address, "retries = 0", "[models.n]\ntargets = [\"up/n\"]");
    let gateway = gateway_with(&format!("{models}{}", plugins(keys, &everybody)), &everybody);
    let used = || gateway.metric("weir_plugin_memory_bytes", &[]);
    soon_eq!(gateway.metric("weir_plugin_memory_limit_bytes", &[]), f64::from(12 << 20));
    // Together they would have 16 MiB, and idle ones end for others.
    for n in 0..8 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
        assert!(used() <= f64::from(9 << 20), "the last quarter is for others: {}", used());
    }
    let ask_large = || post(gateway.address, ACME, &chat("hi").replace("\"m\"", "\"n\""));
    let refused = ask_large();
    assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_busy"), "{}", refused.text());
    soon!(gateway.metric("weir_plugin_faults_total", &["acme", "reason=\"full\""]) >= 1.0);
    for n in 0..10 {
        let reply = post(gateway.address, GLOBEX, &chat("hi"));
        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
    }
    soon_eq!(wanting(&gateway, "globex"), 0.0);
    // More of it, and it finds room.
    gateway.write_config(&fs::read_to_string(gateway.config_file()).unwrap().replace("12MiB", "1GiB"));
    gateway.says("plugins.memory: 12MiB → 1GiB");
    until("there is room", || (ask_large().status == 200).then_some(()));
}

#[test]
fn tables_count_as_memory_like_what_they_stand_beside() {
    let upstream = Upstream::chat();
    let table = weir_pack::component_from_wat(TABLE, "policy-hook").unwrap();
    let config = format!("{}{}", config(upstream.address), "[plugins]\ntenant_memory = \"1MiB\"\n");
    let gateway = Gateway::start_with(&config, |folder| install(&folder.join("tenants/acme"), "table", &table));
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "plugin_over_share"), "{}", reply.text());
    gateway.write_config(&fs::read_to_string(gateway.config_file()).unwrap().replace("1MiB", "2MiB"));
    until("there is room for both", || (post(gateway.address, ACME, &chat("hi")).status == 200).then_some(()));
    let used = gateway.metric("weir_plugin_memory_bytes", &[]);
    assert!(used >= f64::from((1 << 20) + 60_000 * 8), "{used}");
}

/// A MiB of memory, and a table of 60,000 elements, half a MiB.
const TABLE: &str = r#"(module (memory (export "memory") 16) (table 60000 funcref)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32) (i32.const 0)))"#;

#[test]
fn what_an_ended_instance_leaves_for_the_next_one_is_little_however_much_it_had() {
    let upstream = Upstream::chat();
    let fills = Guest::on(
        "policy",
        "(drop (memory.grow (i32.const 64))) (memory.fill (i32.const 65536) (i32.const 7) (i32.const 4000000)) (call $pass)",
    );
    let bound = [("fills", &fills, "isolation = \"request\"")];
    let gateway = gateway_with(&format!("{}{}", config(upstream.address), plugins("", &bound)), &bound);
    let kept = || gateway.metric("weir_plugin_memory_kept_bytes", &[]);
    for n in 0..6 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{n}");
        // It is tried out at its start as well, in places that are free again.
        assert!(kept() > 0.0 && kept() <= f64::from((4 * (64 + 16 + 16)) << 10), "{n}: {}", kept());
    }
    soon_eq!(gateway.metric("weir_plugin_memory_bytes", &[]), 0.0);
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
    let is_of_one = |line: &str| line.contains("large") || line.contains("quick-");
    assert!(!log.lines().any(|line| line.contains("WARN") && is_of_one(line)), "{log}");
    // Those before it are refused as well, where they find too little left to begin with.
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["tenant=\"acme\"", "reason=\"share\""]), 20.0);
}
