//! What ends the trial of a new version, who sees it, and whose figures are whose.

use crate::guest::calling::{Held, TELL, settings};
use crate::guest::{Bound, Guest, chain, gateway_with, install};
use crate::support::client::{read_reply, write_request};
use crate::support::upstream::{DONE, Upstream, delta};
use crate::support::{ACME, Gateway, chat, chat_stream, config, post, until};
use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::TcpStream;

/// Says its version in a refusal's code.
fn version(code: &str) -> Guest {
    Guest::on("policy", &refuse(code))
}

fn refuse(code: &str) -> String {
    format!(r#"(call $refuse (i32.const 400) @"{code}" @"said")"#)
}

/// Says its version, and traps when the first message says so.
fn touchy(code: &str) -> Guest {
    let traps = r#"(call $request.get @"/messages/0/content" (global.get $ret))
        (if (i32.eq (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))) (i32.const 33)) (then unreachable))"#;
    Guest::on("policy", &format!("{traps}\n{}", refuse(code)))
}

/// A gateway with one worker, so that its requests come in one turn, and its configuration.
fn start(upstream: &Upstream, bound: &[Bound<'_>]) -> (Gateway, String) {
    let config = config(upstream.address).replace("workers = 2", "workers = 1");
    let config = format!("{config}\n{}", chain(bound));
    (gateway_with(&config, bound), config)
}

/// The refusals' codes of so many requests, and how often each came.
fn counts(gateway: &Gateway, text: &str, requests: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let bearer = format!("Bearer {ACME}");
    for _ in 0..requests {
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat(text).as_bytes());
        let reply = read_reply(&mut reader);
        let code = if reply.status == 200 { "passed".to_owned() } else { reply.code() };
        *counts.entry(code).or_default() += 1;
    }
    counts
}

fn only(code: &str, requests: usize) -> BTreeMap<String, usize> {
    [(code.to_owned(), requests)].into()
}

fn told(gateway: &Gateway) -> Vec<serde_json::Value> {
    gateway.admin_get("/admin/v1/plugins").json()["plugins"].as_array().unwrap().clone()
}

fn on_trial(gateway: &Gateway) -> usize {
    told(gateway).iter().filter(|plugin| !plugin["canary_percent"].is_null()).count()
}

fn put_on_trial(gateway: &Gateway, name: &str, version: &Guest) {
    let before = on_trial(gateway);
    install(&gateway.plugins(), name, &version.build());
    until("the new version is on trial", || (on_trial(gateway) == before + 1).then_some(()));
}

fn rolled_back(gateway: &Gateway) -> String {
    until("it is rolled back", || {
        let error = told(gateway)[0]["last_load_error"].as_str().map(str::to_owned);
        error.filter(|_| on_trial(gateway) == 0)
    })
}

#[test]
fn a_version_that_did_well_until_it_sat_in_quarantine_has_not_stood_its_trial() {
    let upstream = Upstream::chat();
    for on_failure in ["closed", "open"] {
        let settings = format!(
            "on_failure = \"{on_failure}\"\ncanary = {{ percent = 50, for = \"1ms\", calls = 100000 }}\n\
             limits = {{ faults = 2, quarantine = \"24h\", quarantine_most = \"24h\" }}"
        );
        let (gateway, config) = start(&upstream, &[("it", &version("old"), &settings)]);
        put_on_trial(&gateway, "it", &touchy("new"));
        assert!(counts(&gateway, "hi", 100)["new"] > 20);
        // Two requests make it trap, and then nobody sees it any more, neither refused nor unguarded.
        let counted = counts(&gateway, "!", 200);
        let failed = if on_failure == "open" { "passed" } else { "plugin_failed" };
        assert_eq!(counted, [(failed.to_owned(), 2), ("old".to_owned(), 198)].into(), "{on_failure}");
        let why = rolled_back(&gateway);
        assert!(why.contains("it went into quarantine") && why.contains("most often by `trap`"), "{why}");
        // Fewer calls would do from now on, and the time is long over.
        gateway.write_config(&config.replace("calls = 100000", "calls = 1"));
        gateway.says("→ 50 %, 1ms, 1 calls");
        assert_eq!(counts(&gateway, "hi", 50), only("old", 50));
    }
}

/// Says its version, and spins when the first message says so.
fn spinning(code: &str) -> Guest {
    let spins = r#"(call $request.get @"/messages/0/content" (global.get $ret))
        (if (i32.eq (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))) (i32.const 33)) (then
          (loop $on (br $on))))"#;
    Guest::on("policy", &format!("{spins}\n{}", refuse(code)))
}

#[test]
fn a_version_that_did_well_until_it_had_no_cpu_time_left_has_not_stood_its_trial() {
    let upstream = Upstream::chat();
    let settings = "canary = { percent = 50, for = \"1ms\", calls = 100000 }\n\
         limits = { deadline = \"3s\", cpu = \"10ms\", cpu_burst = \"1s\", faults = 0 }";
    let (gateway, config) = start(&upstream, &[("it", &version("old"), settings)]);
    put_on_trial(&gateway, "it", &spinning("new"));
    assert!(counts(&gateway, "hi", 100)["new"] > 20);
    // One request uses up what it has for minutes; from then on it is not called.
    until("it has spun", || counts(&gateway, "!", 1).contains_key("plugin_failed").then_some(()));
    let counted = counts(&gateway, "hi", 40);
    assert!(counted.keys().all(|code| ["old", "plugin_over_budget"].contains(&code.as_str())), "{counted:?}");
    let why = rolled_back(&gateway);
    assert!(why.contains("most often by `budget`"), "{why}");
    gateway.write_config(&config.replace("calls = 100000", "calls = 1"));
    gateway.says("→ 50 %, 1ms, 1 calls");
    assert_eq!(counts(&gateway, "hi", 50), only("old", 50));
}

#[test]
fn a_version_that_did_well_until_it_had_no_instance_left_has_not_stood_its_trial() {
    let (upstream, held) = (Upstream::chat(), Held::start());
    let origin = format!("http://{}", held.service.address);
    let settings = format!(
        "canary = {{ percent = 50, for = \"1ms\", calls = 100000 }}\n\
         limits = {{ instances = 1, wait = \"0ms\", faults = 0 }}\n{}",
        settings(&[&origin], "private = true, timeout = \"5m\"")
    );
    let (gateway, config) = start(&upstream, &[("it", &version("old"), &settings)]);
    // Says its version, and calls out first where the client names whom.
    let calls = r#"(call $request.header @"x-url" (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then (call $call @"GET" (i32.const 0) (i32.const 0))))"#;
    put_on_trial(&gateway, "it", &Guest::on("policy", &format!("{calls}{}", refuse("new"))).with(TELL));
    assert!(counts(&gateway, "hi", 100)["new"] > 20);
    // One request of its keeps its only instance for as long as nobody answers.
    let (bearer, url) = (format!("Bearer {ACME}"), held.url("/leaving"));
    let mut waiting = Vec::new();
    until("it calls out", || {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let headers = [("authorization", bearer.as_str()), ("x-url", url.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        waiting.push(stream);
        (!held.service.seen().is_empty()).then_some(())
    });
    let counted = counts(&gateway, "hi", 40);
    assert!(counted.keys().all(|code| ["old", "plugin_busy"].contains(&code.as_str())), "{counted:?}");
    let why = rolled_back(&gateway);
    assert!(why.contains("most often by `busy`"), "{why}");
    gateway.write_config(&config.replace("calls = 100000", "calls = 1"));
    gateway.says("→ 50 %, 1ms, 1 calls");
    assert_eq!(counts(&gateway, "hi", 50), only("old", 50));
}

#[test]
fn of_twenty_kinds_of_requests_in_turn_every_one_sees_the_new_version() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 10, for = \"24h\", calls = 1000000 }";
    let (gateway, _) = start(&upstream, &[("it", &version("old"), rules)]);
    put_on_trial(&gateway, "it", &version("new"));
    let mut seen = [0; 20];
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let bearer = format!("Bearer {ACME}");
    // That one of them is missed by chance happens three times in a million.
    for n in 0..3_000 {
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
        seen[n % 20] += usize::from(read_reply(&mut reader).code() == "new");
    }
    assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
    let all: usize = seen.iter().sum();
    assert!((200..400).contains(&all), "{all} of 3000");
}

#[test]
fn each_of_two_trials_has_its_own_share_and_figures() {
    let upstream = Upstream::chat();
    let rules = |percent: u8| format!("canary = {{ percent = {percent}, for = \"24h\", calls = 1000000 }}");
    let (few, many) = (rules(10), rules(50));
    let pass = Guest::on("policy", "(call $pass)");
    let (gateway, _) = start(&upstream, &[("few", &pass, &few), ("many", &version("old"), &many)]);
    put_on_trial(&gateway, "few", &version("few"));
    put_on_trial(&gateway, "many", &version("many"));
    let counted = counts(&gateway, "hi", 600);
    assert!((20..=110).contains(&counted["few"]), "a tenth: {counted:?}");
    assert!((240..=360).contains(&counted["many"]), "half: {counted:?}");
    let percent = |name: &str| gateway.metric("weir_plugin_canary_percent", &[&format!("plugin=\"{name}\"")]);
    soon_eq!((percent("few"), percent("many")), (10.0, 50.0));
    let calls = |plugin: &str, version: &str, result: &str| {
        let labels = [("plugin", plugin), ("version", version), ("result", result)];
        let labels = labels.map(|(name, value)| format!("{name}=\"{value}\""));
        gateway.metric("weir_plugin_trial_calls", &labels.each_ref().map(String::as_str)) as usize
    };
    soon_eq!((calls("few", "new", "refused"), calls("many", "new", "refused")), (counted["few"], counted["many"]));
    soon_eq!((calls("few", "old", "passed"), calls("many", "old", "refused")), (600 - counted["few"], counted["old"]));
    let shown = told(&gateway);
    let new = |name: &str| shown.iter().find(|p| p["name"] == name && !p["canary_percent"].is_null()).unwrap().clone();
    assert_eq!(new("few")["trial"]["refused"], counted["few"]);
    assert_eq!(new("many")["trial"]["requests"], counted["many"]);
}

#[test]
fn whoever_takes_canary_away_keeps_the_old_version_and_whoever_names_the_new_one_gets_it() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 50, for = \"24h\", calls = 100000 }";
    let (gateway, config) = start(&upstream, &[("it", &version("old"), rules)]);
    put_on_trial(&gateway, "it", &version("new"));
    assert!(counts(&gateway, "hi", 60).len() == 2);
    gateway.write_config(&config.replace(rules, ""));
    let why = rolled_back(&gateway);
    let new = blake3::hash(&version("new").build()).to_hex();
    assert!(why.contains("`canary` was taken away") && why.contains(new.as_str()), "{why}");
    assert_eq!(counts(&gateway, "hi", 60), only("old", 60));
    gateway.write_config(&config.replace(rules, &format!("blake3 = \"{new}\"")));
    until("who names it gets it", || (counts(&gateway, "hi", 1) == only("new", 1)).then_some(()));
    assert_eq!(counts(&gateway, "hi", 60), only("new", 60));
}

#[test]
fn a_rollback_is_not_forgotten_for_the_next_one() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 50, for = \"24h\", calls = 100000 }";
    let (gateway, _) = start(&upstream, &[("it", &version("old"), rules)]);
    let bad = |n: usize| Guest::on("policy", "unreachable").with(&format!("(func $version{n})"));
    for n in 0..3 {
        put_on_trial(&gateway, "it", &bad(n));
        until("it is rolled back", || {
            counts(&gateway, "hi", 10);
            (on_trial(&gateway) == 0).then_some(())
        });
    }
    for n in 0..3 {
        let digest = blake3::hash(&bad(n).build()).to_hex();
        install(&gateway.plugins(), "it", &bad(n).build());
        until("it is refused again", || {
            told(&gateway)[0]["last_load_error"].as_str().filter(|why| why.contains(digest.as_str())).map(drop)
        });
        assert_eq!((on_trial(&gateway), counts(&gateway, "hi", 30)), (0, only("old", 30)), "version {n}");
    }
}

#[test]
fn a_version_that_refuses_what_the_old_one_passes_is_rolled_back_where_that_is_bounded() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 50, for = \"24h\", calls = 100000, more_refusals = 10 }";
    let (gateway, _) = start(&upstream, &[("it", &Guest::on("policy", "(call $pass)"), rules)]);
    put_on_trial(&gateway, "it", &version("new"));
    until("it is rolled back", || {
        counts(&gateway, "hi", 10);
        (on_trial(&gateway) == 0).then_some(())
    });
    assert!(rolled_back(&gateway).contains("canary.more_refusals"));
    assert_eq!(counts(&gateway, "hi", 30), only("passed", 30));
}

#[test]
fn plugins_that_see_streams_or_ends_alone_have_trials_too() {
    let upstream = Upstream::stream(&[&delta("a"), &delta("b"), DONE]);
    let rules = "canary = { percent = 50, for = \"24h\", calls = 100000 }";
    let event = |body: &str| Guest::on("event", body);
    let observer = |body: &str| Guest::default().observe(body);
    let (gateway, _) = start(&upstream, &[("sees", &event("(call $pass)"), rules), ("hears", &observer("nop"), rules)]);
    put_on_trial(&gateway, "sees", &event("unreachable"));
    put_on_trial(&gateway, "hears", &observer("unreachable"));
    until("both are rolled back", || {
        (0..5).for_each(|_| drop(post(gateway.address, ACME, &chat_stream("hi"))));
        (on_trial(&gateway) == 0).then_some(())
    });
    gateway.says("calls of `event` faulted");
    gateway.says("calls of `observe` faulted");
    for _ in 0..30 {
        let reply = post(gateway.address, ACME, &chat_stream("hi"));
        assert!(reply.clean && reply.streamed() == "ab", "{}", reply.text());
    }
}
