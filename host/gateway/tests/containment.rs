//! Every plugin of `plugins/hostile` does its worst, and hurts itself only.

use crate::guest;
use crate::support;

use crate::guest::{Guest, install};
use crate::support::client::{Reply, read_reply, write_request};
use crate::support::upstream::{DONE, Upstream};
use crate::support::{ACME, GLOBEX, Gateway, TENANTS, post, until};
use std::fmt::Write as _;
use std::fs;
use std::io::BufReader;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// What must come of an attacker.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// It does not go into service; the operator reads this.
    Unloaded(&'static str),
    /// Its call is a fault with this reason at this hook.
    Fault(&'static str, &'static str),
    /// It refuses, with this status and code, and that is its right.
    Refuses(u16, &'static str),
    /// Its requests go on as if it were not there.
    Harmless,
}

/// Every attacker. A file of the folder that is not named here fails the test.
const FATES: [(&str, Fate); 46] = [
    ("bad-json", Fate::Harmless),
    ("bad-length", Fate::Fault("policy", "answer")),
    ("bad-pointer", Fate::Fault("policy", "answer")),
    ("bad-realloc", Fate::Fault("policy", "answer")),
    ("bad-return", Fate::Fault("policy", "answer")),
    ("bulk-memory", Fate::Harmless),
    ("bulk-table", Fate::Fault("policy", "deadline")),
    ("callout-bad-pointer", Fate::Fault("policy", "answer")),
    ("callout-flood", Fate::Fault("policy", "host-calls")),
    ("callout-headers", Fate::Harmless),
    ("counter-flood", Fate::Harmless),
    ("deep-recursion", Fate::Fault("policy", "stack")),
    ("endless-loop", Fate::Fault("policy", "deadline")),
    ("error-in-init", Fate::Unloaded("no, thanks")),
    ("event-loop", Fate::Fault("event", "deadline")),
    ("good", Fate::Harmless),
    ("header-bomb", Fate::Harmless),
    ("header-smuggler", Fate::Harmless),
    ("hold-forever", Fate::Harmless),
    ("host-call-flood", Fate::Fault("policy", "host-calls")),
    ("huge-pointer", Fate::Fault("policy", "host-calls")),
    ("instance-hog", Fate::Harmless),
    ("invalid-utf8", Fate::Fault("policy", "answer")),
    ("log-flood", Fate::Fault("policy", "host-calls")),
    ("loop-in-init", Fate::Unloaded("ran past its deadline")),
    ("loop-in-post-return", Fate::Fault("policy", "deadline")),
    ("loop-in-realloc", Fate::Fault("policy", "deadline")),
    ("loop-in-start", Fate::Unloaded("ran past its deadline")),
    ("memory-bomb", Fate::Fault("policy", "memory")),
    ("memory-bomb-touching", Fate::Fault("policy", "memory")),
    ("memory-declared", Fate::Unloaded("memory")),
    ("memory-filler", Fate::Fault("policy", "deadline")),
    ("notes-flood", Fate::Harmless),
    ("oversized-answer", Fate::Fault("policy", "answer")),
    ("page-toucher", Fate::Harmless),
    ("random-flood", Fate::Harmless),
    ("router-liar", Fate::Fault("router", "answer")),
    ("router-plan", Fate::Fault("router", "answer")),
    ("rude-refusal", Fate::Refuses(400, "plugin_refused")),
    ("secret-thief", Fate::Harmless),
    ("slow-observer", Fate::Harmless),
    ("spinning-observer", Fate::Fault("observe", "deadline")),
    ("table-bomb", Fate::Fault("policy", "memory")),
    ("table-declared", Fate::Unloaded("table")),
    ("trap", Fate::Fault("policy", "trap")),
    ("wrong-edits", Fate::Fault("event", "answer")),
];

/// CPU time that an attacker gets for a call, in seconds.
const DEADLINE: f64 = 0.4;
const LIMITS: &str = "limits = { deadline = \"400ms\", host_calls = 500 }";

/// What an attacker is granted, for those that want more than the default. Nobody listens where they may call.
fn granted(name: &str) -> &'static str {
    match name {
        "random-flood" => "grants = [\"random\"]\n",
        "secret-thief" => "grants = [\"secrets\"]\nsecrets = { MINE = \"mine\" }\n",
        "good" => "grants = [\"secrets\"]\nsecrets = { OTHERS = \"another's\" }\n",
        name if name.starts_with("callout-") => {
            "grants = [\"callouts\"]\ncallouts = { allow = [\"http://127.0.0.1:1\"], private = true }\n"
        }
        _ => "",
    }
}

/// A gateway with one worker. Each attacker that loads is bound twice: closed for the model `closed-NAME`, open for
/// `open-NAME`; nothing is bound for the model `m`. `way` says how plugins are called.
fn gateway(way: &str) -> Gateway {
    let mut config = String::from("[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nworkers = 1\n");
    let upstream = Upstream::chat_or_stream();
    write!(config, "[providers.up]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nretries = 0\n", upstream.address)
        .unwrap();
    config.push_str("[models.m]\ntargets = [\"up/m\"]\n");
    let mut bindings = format!("[plugins]\n{way}\n");
    for (name, fate) in FATES {
        if matches!(fate, Fate::Unloaded(_)) {
            continue;
        }
        for policy in ["closed", "open"] {
            write!(config, "[models.{policy}-{name}]\ntargets = [\"up/m\"]\n").unwrap();
            write!(bindings, "[[plugins.chain]]\nplugin = \"{name}\"\nmodels = [\"{policy}-{name}\"]\non_failure = \"{policy}\"\n{LIMITS}\n{}", granted(name)).unwrap();
        }
    }
    Gateway::start_with(&format!("{config}{TENANTS}{bindings}"), |folder| {
        for (name, fate) in FATES {
            if !matches!(fate, Fate::Unloaded(_)) {
                install(folder, name, &weir_pack::hostile(name).unwrap());
            }
        }
    })
}

fn ask(model: &str, stream: bool) -> String {
    format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#)
}

/// Resident memory in MiB, threads and descriptors of a process.
fn size(pid: u32) -> (u64, usize, usize) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    (kib / 1024, count("task"), count("fd"))
}

#[test]
fn the_table_names_every_attacker() {
    let named: Vec<&str> = FATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(weir_pack::hostiles().unwrap(), named);
}

#[test]
fn every_attacker_hurts_its_own_requests_alone_and_leaves_nothing_behind() {
    every_attacker("direct = true");
}

#[test]
fn attackers_come_to_the_same_end_when_they_are_called_as_components() {
    every_attacker("direct = false");
}

fn every_attacker(way: &str) {
    let gateway = gateway(way);
    assert_eq!(post(gateway.address, ACME, &ask("m", false)).status, 200);
    let before = size(gateway.pid());
    for (name, fate) in FATES {
        if !matches!(fate, Fate::Unloaded(_)) {
            one_attacker(&gateway, name, fate);
        }
    }
    let after = size(gateway.pid());
    eprintln!("MiB, threads, descriptors: {before:?} before, {after:?} after");
    assert!(after.0 <= before.0 + 64, "{before:?} {after:?}");
    until("no thread or descriptor is left", || {
        let now = size(gateway.pid());
        (now.1 <= before.1 && now.2 <= before.2).then_some(())
    });
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

fn one_attacker(gateway: &Gateway, name: &str, fate: Fate) {
    let stream = matches!(fate, Fate::Fault("event", _)) || name == "hold-forever";
    // It is bound twice: closed, and open.
    let bindings = [format!("plugin=\"{name}\""), format!("plugin=\"{name}#2\"")];
    let of =
        |metric: &str, label: &str| bindings.iter().map(|plugin| gateway.metric(metric, &[plugin, label])).sum::<f64>();
    let closed = post(gateway.address, ACME, &ask(&format!("closed-{name}"), stream));
    let neighbour = post(gateway.address, GLOBEX, &ask("m", false));
    assert_eq!((neighbour.status, neighbour.content().as_str()), (200, "hello"), "{name}");
    let open = post(gateway.address, ACME, &ask(&format!("open-{name}"), stream));
    if let Fate::Fault("observe", reason) = fate {
        until("what it observed is over", || {
            (of("weir_plugin_faults_total", &format!("reason=\"{reason}\"")) == 2.0).then_some(())
        });
    }
    let cpu = of("weir_plugin_cpu_seconds_total", "");
    match fate {
        Fate::Fault(hook, reason) => {
            faulted(name, hook, [&closed, &open]);
            let hook = format!("hook=\"{hook}\"");
            let faults = of("weir_plugin_faults_total", &hook);
            assert_eq!(faults, 2.0, "{name}");
            assert_eq!(
                of("weir_plugin_faults_total", &format!("reason=\"{reason}\"")),
                2.0,
                "{name}: {}",
                reasons(gateway, name)
            );
            assert_eq!(of("weir_plugin_burned_total", &hook), 2.0, "{name}");
            assert_eq!(of("weir_plugin_instances", ""), 0.0, "{name}: burned instances are gone");
            // Both calls together, with what a busy machine adds to the slice in which each was cut off.
            assert!(cpu < 2.0 * DEADLINE + 0.6, "{name} used {cpu} s");
            if reason == "deadline" {
                assert!(cpu >= 2.0 * DEADLINE, "{name} had {cpu} s");
            }
        }
        Fate::Refuses(status, code) => {
            for reply in [closed, open] {
                assert_eq!((reply.status, reply.code().as_str()), (status, code), "{name}");
                assert_eq!(reply.header("set-cookie"), None);
            }
            assert_eq!(of("weir_plugin_faults_total", ""), 0.0);
            let log = until("it is logged", || Some(gateway.log()).filter(|log| log.contains("set-cookie: two")));
            assert!(log.lines().all(|line| !line.starts_with("set-cookie") && !line.contains("\u{1b}[31m")), "{log}");
        }
        Fate::Harmless => {
            for reply in [closed, open] {
                assert!(reply.clean && reply.status == 200, "{name}: {}", reply.text());
                assert_eq!(
                    if stream { reply.streamed() } else { reply.content() },
                    if stream { "onetwo" } else { "hello" }
                );
            }
            assert_eq!(of("weir_plugin_faults_total", ""), 0.0, "{name}");
        }
        Fate::Unloaded(_) => {}
    }
}

/// What clients see of a fault where the plugin is bound closed, and where it is open.
fn faulted(name: &str, hook: &str, [closed, open]: [&Reply; 2]) {
    if hook == "observe" {
        for reply in [closed, open] {
            assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{name}");
        }
    } else if hook == "event" {
        assert!(!closed.clean && closed.text().contains("plugin_failed"), "{name}: {}", closed.text());
        assert!(!closed.text().contains("[DONE]"), "{name}: {}", closed.text());
        assert!(open.clean && open.text().ends_with(DONE), "{name}: {}", open.text());
        assert_eq!(open.streamed(), "onetwo", "{name}");
    } else {
        assert_eq!((closed.status, closed.code().as_str()), (500, "plugin_failed"), "{name}");
        assert_eq!((open.status, open.content().as_str()), (200, "hello"), "{name}");
    }
}

/// The lines of the metrics that say what an attacker's faults were.
fn reasons(gateway: &Gateway, name: &str) -> String {
    let metrics = gateway.admin_get("/metrics").text();
    let own = |line: &&str| line.starts_with("weir_plugin_faults") && line.contains(name);
    metrics.lines().filter(own).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_attacker_that_cannot_even_start_never_serves_and_what_serves_goes_on() {
    let gateway = Gateway::start(&format!("{}{}", support::config(Upstream::chat_or_stream().address), "[plugins]\n"));
    for (name, fate) in FATES {
        let Fate::Unloaded(reason) = fate else { continue };
        let generation = gateway.ready()["generation"].clone();
        install(&gateway.plugins().join("all"), name, &weir_pack::hostile(name).unwrap());
        let problem = until(name, || gateway.ready()["problems"].as_array()?.first().cloned());
        let problem = problem.as_str().unwrap();
        assert!(problem.contains(name) && problem.contains(reason) && problem.contains("does not serve"), "{problem}");
        assert_eq!(post(gateway.address, ACME, &ask("m", false)).status, 200, "{name}");
        assert_eq!(gateway.ready()["generation"], generation, "{name}");
        fs::remove_file(gateway.plugins().join("all").join(format!("{name}.wasm"))).unwrap();
        until("the problem is gone", || gateway.ready()["problems"].as_array()?.is_empty().then_some(()));
    }
}

#[test]
fn while_one_tenants_plugin_spins_the_others_requests_go_on_on_the_same_thread() {
    let spinner = weir_pack::hostile("endless-loop").unwrap();
    let config = support::config(Upstream::chat_or_stream().address).replace("workers = 2", "workers = 1");
    let binding = "[plugins]\n[[plugins.chain]]\nplugin = \"spinner\"\ntenants = [\"acme\"]\nlimits = { deadline = \"1500ms\" }\n";
    let gateway = Gateway::start_with(&format!("{config}{binding}"), |folder| install(folder, "spinner", &spinner));
    let bearer = format!("Bearer {GLOBEX}");
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (served, slowest) = thread::scope(|scope| {
        let acme = scope.spawn(|| post(gateway.address, ACME, &ask("m", false)));
        until("the spinner is in", || (gateway.metric("weir_plugin_instances", &["acme"]) == 1.0).then_some(()));
        let (mut served, mut slowest) = (0, Duration::ZERO);
        while !acme.is_finished() {
            let start = Instant::now();
            let headers = [("authorization", bearer.as_str())];
            write_request(&mut stream, "POST", "/v1/chat/completions", &headers, ask("m", false).as_bytes());
            assert_eq!(read_reply(&mut reader).status, 200);
            slowest = slowest.max(start.elapsed());
            served += 1;
        }
        assert_eq!(acme.join().unwrap().code(), "plugin_failed");
        (served, slowest)
    });
    eprintln!("{served} requests of the neighbour in 1.5 s of spinning, the slowest took {slowest:?}");
    assert!(served >= 20, "only {served} requests of the neighbour went on");
    assert!(slowest < Duration::from_millis(1000), "one waited for {slowest:?}");
    soon!(gateway.metric("weir_plugin_yields_total", &["acme"]) > 100.0);
}

#[test]
fn an_observer_that_spins_fails_no_request_and_does_not_keep_the_gateway_from_ending() {
    let observer = Guest::default().observe("(loop $forever (br $forever))");
    let settings = "limits = { deadline = \"60s\" }";
    let config = support::config(Upstream::chat_or_stream().address).replace("drain = \"5s\"", "drain = \"300ms\"");
    let bound = [("spinner", &observer, settings)];
    let mut gateway = guest::gateway_with(&format!("{config}{}", guest::chain(&bound)), &bound);
    for _ in 0..5 {
        assert_eq!(post(gateway.address, ACME, &ask("m", false)).content(), "hello");
    }
    until("it spins", || (gateway.metric("weir_plugin_instances", &["acme"]) >= 1.0).then_some(()));
    let start = Instant::now();
    gateway.signal("TERM");
    assert!(gateway.wait().success(), "{}", gateway.log());
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
}

#[test]
fn an_observers_faults_are_counted_and_nobody_else_notices() {
    let observer = Guest::default().observe("unreachable");
    let gateway = guest::gateway(Upstream::chat_or_stream().address, "", &[("clumsy", &observer, "")]);
    for n in 1..=3 {
        assert_eq!(post(gateway.address, ACME, &ask("m", false)).content(), "hello");
        let faults = || gateway.metric("weir_plugin_faults_total", &["hook=\"observe\"", "reason=\"trap\""]);
        until("it is counted", || (faults() == f64::from(n)).then_some(()));
    }
}
