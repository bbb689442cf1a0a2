//! What a plugin is granted, and that it gets no more of it than that: key-value, notes, log, counters.

use crate::guest;
use crate::support;

use crate::guest::{Guest, chain, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, post, send, until};

/// The number that a guest's refusal says.
fn said(gateway: &Gateway, key: &str) -> u64 {
    let reply = post(gateway.address, key, &chat("hi"));
    let message = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    message.parse().unwrap_or_else(|_| panic!("{} {}", reply.status, reply.text()))
}

/// Counts its calls under a key whose time to live is `ttl` milliseconds, and refuses with the count.
fn counting(ttl: u64) -> Guest {
    Guest::on(
        "policy",
        &format!(
            r#"(call $kv.increment @"n" (i64.const 1) (i64.const {ttl}) (i32.const 128))
               (if (i32.load8_u (i32.const 128)) (then unreachable))
               (call $say (i32.wrap_i64 (i64.load (i32.const 136))))"#
        ),
    )
}

#[test]
fn the_key_value_store_of_each_tenant_is_its_own_however_instances_are_shared() {
    let upstream = Upstream::chat();
    for isolation in ["request", "tenant", "shared"] {
        let settings = format!("grants = [\"kv\"]\nisolation = \"{isolation}\"");
        let gateway = gateway(upstream.address, "", &[("count", &counting(0), &settings)]);
        let counts = [ACME, ACME, GLOBEX, ACME, GLOBEX].map(|key| said(&gateway, key));
        assert_eq!(counts, [1, 2, 1, 3, 2], "{isolation}");
    }
}

#[test]
fn a_value_is_gone_when_its_time_is_over_and_counting_does_not_prolong_it() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("count", &counting(300), "grants = [\"kv\"]")]);
    assert_eq!(said(&gateway, ACME), 1);
    let mut highest = 1;
    until("the count begins anew", || {
        let count = said(&gateway, ACME);
        assert!(count == 1 || count == highest + 1, "{count} after {highest}");
        highest = count;
        (count == 1).then_some(())
    });
}

#[test]
fn a_store_outlives_the_version_of_the_plugin_that_filled_it() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("count", &counting(0), "grants = [\"kv\"]")]);
    assert_eq!([said(&gateway, ACME), said(&gateway, ACME)], [1, 2]);
    let hash = gateway.ready()["plugins"][0]["blake3"].clone();
    install(&gateway.plugins(), "count", &counting(0).with("(func $version2)").build());
    until("the new version serves", || (gateway.ready()["plugins"][0]["blake3"] != hash).then_some(()));
    assert_eq!(said(&gateway, ACME), 3);
}

#[test]
fn notes_go_from_hook_to_hook_of_one_request_and_no_further() {
    let upstream = Upstream::chat();
    // A note that is there before `policy` ran would be another request's, or another binding's.
    let noting = Guest::on(
        "policy",
        r#"(call $notes.get @"n" (global.get $ret)) (call $must-be-ok)
           (call $request.id (global.get $ret))
           (call $notes.set @"n" (i32.load (i32.const 64)) (i32.load (i32.const 68)) (global.get $ret)) (call $must-be-ok)
           (call $pass)"#,
    )
    .and(
        "response",
        r#"(call $notes.get @"n" (global.get $ret)) (call $must-fail)
           (call $reply.set-header @"x-noted" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 128))
           (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("noting", &noting, "isolation = \"request\"")]);
    let twice = format!(
        "{}\n{}",
        support::config(upstream.address),
        chain(&[("noting", &noting, ""), ("noting", &noting, "")])
    );
    let both = guest::gateway_with(&twice, &[("noting", &noting, "")]);
    for gateway in [&gateway, &both] {
        for _ in 0..3 {
            let reply = post(gateway.address, ACME, &chat("hi"));
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert_eq!(reply.header("x-noted"), reply.header("x-request-id"));
        }
    }
}

#[test]
fn notes_are_bounded_and_one_that_does_not_fit_leaves_the_old_one() {
    let upstream = Upstream::chat();
    let greedy = Guest::on(
        "policy",
        r#"(local $n i32)
           (call $notes.set @"first" @"kept" (global.get $ret)) (call $must-be-ok)
           (call $notes.set @"first" (i32.const 0) (i32.const 16384) (global.get $ret)) (call $must-fail)
           (loop $more
             (i32.store8 (i32.const 40000) (i32.add (i32.const 97) (local.get $n)))
             (call $notes.set (i32.const 40000) (i32.const 1) @"v" (global.get $ret)) (call $must-be-ok)
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $more (i32.lt_u (local.get $n) (i32.const 15))))
           (call $notes.set @"one too many" @"v" (global.get $ret)) (call $must-fail)
           (call $notes.get @"first" (global.get $ret)) (call $must-fail)
           (call $refuse (i32.const 400) @"done" (i32.load (i32.const 68)) (i32.load (i32.const 72)))"#,
    );
    let gateway = gateway(upstream.address, "", &[("greedy", &greedy, "")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(
        (reply.code().as_str(), reply.json()["error"]["message"].as_str()),
        ("done", Some("kept")),
        "{}",
        reply.text()
    );
}

#[test]
fn log_lines_are_escaped_bounded_and_say_whose_they_are() {
    let upstream = Upstream::chat();
    let talker = Guest::on(
        "policy",
        r#"(local $n i32)
           (call $log.write (i32.const 3) @"one\ntwo forged=1")
           (i32.store (i32.const 40000) (i32.const 0x6d315b1b)) ;; ESC [ 1 m
           (call $log.write (i32.const 3) (i32.const 40000) (i32.const 4))
           (loop $more
             (call $log.write (i32.const 3) @"flooooood")
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $more (i32.lt_u (local.get $n) (i32.const 500))))
           (call $pass)"#,
    );
    let settings = "limits = { log_bytes = 200, deadline = \"5s\" }";
    let gateway = gateway(upstream.address, "", &[("talker", &talker, settings)]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.status, 200);
    let id = reply.header("x-request-id").unwrap().to_owned();
    let log = until("the lines are there", || Some(gateway.log()).filter(|log| log.contains("flooooood")));
    let lines: Vec<&str> = log.lines().filter(|l| l.contains("plugin=\"talker\"")).collect();
    let first = lines.iter().find(|l| l.contains("forged")).expect("the first line");
    assert!(first.contains("one\\ntwo") && first.contains(&id) && first.contains("tenant=\"acme\""), "{first}");
    assert!(lines.iter().any(|l| l.contains("\\u{1b}[1m")), "{lines:?}");
    let floods = log.matches("flooooood").count();
    assert!((1..=20).contains(&floods), "{floods} lines of 9 bytes from 200");
}

#[test]
fn counters_are_kept_for_each_tenant_and_strange_names_are_counted_as_other() {
    let upstream = Upstream::chat();
    let counter = Guest::on(
        "policy",
        r#"(call $counters.add @"tokens" (i64.const 40)) (call $counters.add @"tokens" (i64.const 2))
           (call $counters.add @"no name\"} 1\nweir_forged 7" (i64.const 5))
           (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("counter", &counter, "")]);
    for key in [ACME, ACME, GLOBEX] {
        assert_eq!(post(gateway.address, key, &chat("hi")).status, 200);
    }
    let value = |tenant: &str, name: &str| {
        gateway.metric(
            "weir_plugin_counter_total",
            &["plugin=\"counter\"", &format!("tenant=\"{tenant}\""), &format!("name=\"{name}\"")],
        )
    };
    soon_eq!((value("acme", "tokens"), value("globex", "tokens")), (84.0, 42.0));
    soon_eq!((value("acme", "other"), value("globex", "other")), (10.0, 5.0));
    assert!(!gateway.admin_get("/metrics").text().contains("forged"));
}

#[test]
fn a_plugin_that_uses_what_it_was_not_granted_does_not_start_and_the_message_names_the_grant() {
    let folder = tempfile::tempdir().unwrap();
    install(&folder.path().join("plugins"), "count", &counting(0).build());
    let file = folder.path().join("weir.toml");
    let bound = chain(&[("count", &Guest::default(), "grants = [\"log\"]")]);
    let cache = support::cache().display().to_string();
    let bound = bound.replace("[plugins]\n", &format!("[plugins]\ncache = \"{cache}\"\n"));
    std::fs::write(&file, format!("{}\n{bound}", support::demo_config(""))).unwrap();
    let output = support::command(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("weir:plugin/kv") && said.contains("not granted") && said.contains("add \"kv\""), "{said}");
    assert!(said.contains("weir.toml:"), "it names the line of the binding: {said}");
}

#[test]
fn a_plugin_that_uses_what_it_was_not_granted_does_not_go_live_and_what_served_goes_on() {
    let upstream = Upstream::chat();
    let dropped = "[plugins.dropped]\ngrants = [\"log\", \"kv\"]";
    let gateway = gateway(upstream.address, dropped, &[]);
    install(&gateway.plugins().join("all"), "count", &counting(0).build());
    let problem = until("the problem is shown", || gateway.ready()["problems"].as_array()?.first().cloned());
    assert!(problem.as_str().unwrap().contains("add \"kv\" to the `grants`"), "{problem}");
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    // The operator does as told.
    std::fs::write(gateway.plugins().join("all/count.toml"), "grants = [\"kv\"]").unwrap();
    until("it is live", || (post(gateway.address, ACME, &chat("hi")).status == 400).then_some(()));
    until("nothing is wrong", || gateway.ready()["problems"].as_array().unwrap().is_empty().then_some(()));
}

#[test]
fn every_hook_is_told_who_asks_and_who_answers() {
    let upstream = Upstream::chat();
    let header = |name: &str| {
        format!(
            r#"(call $reply.set-header @"x-said-{name}" (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i32.const 128))"#
        )
    };
    let asking =
        ["request.tenant", "request.id", "request.model", "request.dialect", "upstream.provider", "upstream.model"]
            .map(|name| format!("(call ${name} (global.get $ret)) {}", header(&name.replace('.', "-"))));
    let naming = Guest::on("response", &format!("{} (call $pass)", asking.concat())).and(
        "policy",
        r#"(call $upstream.provider (global.get $ret)) (if (i32.load (i32.const 68)) (then unreachable)) (call $pass)"#,
    );
    let gateway = gateway(upstream.address, "", &[("naming", &naming, "")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = |name: &str| reply.header(name).unwrap_or_default();
    assert_eq!(told("x-said-request-tenant"), "acme");
    assert_eq!(told("x-said-request-id"), told("x-request-id"));
    assert_eq!(told("x-said-request-model"), "m");
    assert_eq!(told("x-said-request-dialect"), "openai.chat");
    let answered = format!("{}/{}", told("x-said-upstream-provider"), told("x-said-upstream-model"));
    assert_eq!(answered, told("x-weir-upstream"));
}

#[test]
fn an_observer_reads_the_request_and_who_answered_it() {
    let upstream = Upstream::chat();
    let count = r#"(call $counters.add (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i64.const 1))"#;
    let header = r#"(call $counters.add (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i64.const 1))"#;
    let observer = Guest::default().observe(&format!(
        r#"(call $upstream.provider (global.get $ret)) {count}
           (call $request.header @"x-team" (global.get $ret)) {header}
           (call $request.body (global.get $ret))
           (call $counters.add @"bytes" (i64.extend_i32_u (i32.load (i32.const 68))))
           (call $request.set @"/user" @"1" (global.get $ret)) (call $must-fail)"#
    ));
    let gateway = gateway(upstream.address, "", &[("watch", &observer, "grants = [\"counters\"]")]);
    let body = chat("hi");
    let key = format!("Bearer {ACME}");
    let headers = [("authorization", key.as_str()), ("x-team", "red")];
    assert_eq!(send(gateway.address, "POST", "/v1/chat/completions", &headers, body.as_bytes()).status, 200);
    let counted = |name: &str| gateway.metric("weir_plugin_counter_total", &[&format!("name=\"{name}\"")]);
    until("the observer ran", || (counted("bytes") > 0.0).then_some(()));
    soon_eq!((counted("up"), counted("red")), (1.0, 1.0));
    soon!(counted("bytes") >= body.len() as f64);
}
