//! Who shares what: instances of a plugin, their memory, their number and their end.

use crate::support;

use crate::guest::policies::remembering;
use crate::guest::{Guest, chain, gateway_with};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, post, until};
use std::thread;
use std::time::Instant;

/// A gateway with one worker, so that there is one pool, and one plugin.
fn single(plugin: &Guest, settings: &str) -> Gateway {
    let upstream = Upstream::chat();
    let bound = [("plugin", plugin, settings)];
    let config = config(upstream.address).replace("workers = 2", "workers = 1");
    gateway_with(&format!("{config}{}", chain(&bound)), &bound)
}

fn said(gateway: &Gateway, key: &str) -> String {
    post(gateway.address, key, &chat("hi")).json()["error"]["message"].as_str().unwrap().to_owned()
}

fn metric(gateway: &Gateway, name: &str, tenant: &str) -> f64 {
    gateway.metric(name, &["plugin=\"plugin\"", &format!("tenant=\"{tenant}\"")])
}

#[test]
fn by_default_an_instance_serves_one_tenant_again_and_again_and_never_another() {
    let gateway = single(&remembering(), "");
    let answers = [ACME, ACME, GLOBEX, ACME, GLOBEX].map(|key| said(&gateway, key));
    assert_eq!(answers, ["acme 1", "acme 2", "globex 1", "acme 3", "globex 2"]);
    let of = |tenant| {
        [
            "weir_plugin_pool_hits_total",
            "weir_plugin_pool_misses_total",
            "weir_plugin_instances",
            "weir_plugin_calls_total",
        ]
        .map(|name| metric(&gateway, name, tenant))
    };
    soon_eq!((of("acme"), of("globex")), ([2.0, 1.0, 1.0, 3.0], [1.0, 1.0, 1.0, 2.0]));
}

#[test]
fn isolated_by_request_nothing_outlives_a_call() {
    let gateway = single(&remembering(), "isolation = \"request\"");
    let answers = [ACME, ACME, GLOBEX, ACME].map(|key| said(&gateway, key));
    assert_eq!(answers, ["acme 1", "acme 1", "globex 1", "acme 1"]);
    soon_eq!(metric(&gateway, "weir_plugin_pool_misses_total", "acme"), 3.0);
    soon_eq!(metric(&gateway, "weir_plugin_instances", "acme"), 0.0);
}

#[test]
fn shared_only_where_the_operator_says_so() {
    let gateway = single(&remembering(), "isolation = \"shared\"");
    let answers = [ACME, GLOBEX, ACME].map(|key| said(&gateway, key));
    assert_eq!(answers, ["acme 1", "acme 2", "acme 3"]);
    soon_eq!(
        (metric(&gateway, "weir_plugin_calls_total", "acme"), metric(&gateway, "weir_plugin_calls_total", "globex")),
        (2.0, 1.0)
    );
}

#[test]
fn an_instance_retires_after_its_calls() {
    let gateway = single(&remembering(), "limits = { max_calls = 3 }");
    let answers = [0; 7].map(|_| said(&gateway, ACME));
    assert_eq!(answers, ["acme 1", "acme 2", "acme 3", "acme 1", "acme 2", "acme 3", "acme 1"]);
    soon_eq!(metric(&gateway, "weir_plugin_burned_total", "acme"), 0.0, "to retire is no fault");
}

#[test]
fn an_instance_retires_when_its_memory_has_grown_for_it_never_shrinks() {
    // Two pages at first and one more each call; of ten pages the eighth is past the mark.
    let growing = Guest::on("policy", r#"(drop (memory.grow (i32.const 1))) (call $say (memory.size))"#);
    let gateway = single(&growing, "limits = { memory = \"640KiB\" }");
    let answers = [0; 8].map(|_| said(&gateway, ACME));
    assert_eq!(answers, ["3", "4", "5", "6", "7", "8", "3", "4"]);
}

#[test]
fn an_instance_that_faulted_never_serves_again() {
    let code = Guest::on(
        "policy",
        r#"(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
           (if (i32.eq (global.get $calls) (i32.const 3)) (then unreachable))
           (call $say (global.get $calls))"#,
    );
    let gateway = single(&code.with("(global $calls (mut i32) (i32.const 0))"), "");
    assert_eq!([said(&gateway, ACME), said(&gateway, ACME)], ["1", "2"]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"));
    soon_eq!(metric(&gateway, "weir_plugin_burned_total", "acme"), 1.0);
    soon_eq!(metric(&gateway, "weir_plugin_instances", "acme"), 0.0);
    assert_eq!(said(&gateway, ACME), "1");
}

#[test]
fn unused_instances_end_after_their_idle_time() {
    let gateway = single(&remembering(), "limits = { idle = \"100ms\" }");
    assert_eq!(said(&gateway, ACME), "acme 1");
    until("it has ended", || (metric(&gateway, "weir_plugin_instances", "acme") == 0.0).then_some(()));
    assert_eq!(said(&gateway, ACME), "acme 1");
}

/// Spins until it is cut off if the question begins with `s`; answers at once otherwise.
fn spinning() -> Guest {
    Guest::on(
        "policy",
        r#"(call $request.get @"/messages/0/content" (global.get $ret))
           (if (i32.eq (i32.load8_u offset=1 (i32.load (i32.const 68))) (i32.const 115))
             (then (loop $forever (br $forever))))
           (call $refuse (i32.const 400) @"quick" @"")"#,
    )
}

#[test]
fn past_the_pools_limit_calls_wait_a_bounded_time_and_another_tenants_do_not() {
    let gateway = single(&spinning(), "limits = { instances = 1, wait = \"40ms\", deadline = \"1500ms\" }");
    thread::scope(|scope| {
        let spinner = scope.spawn(|| post(gateway.address, ACME, &chat("spin")));
        until("the spinner is in", || (metric(&gateway, "weir_plugin_instances", "acme") == 1.0).then_some(()));
        let start = Instant::now();
        let refused = post(gateway.address, ACME, &chat("quick"));
        assert_eq!((refused.status, refused.code().as_str()), (503, "plugin_busy"), "after {:?}", start.elapsed());
        assert!(refused.header("retry-after").is_some());
        assert_eq!(post(gateway.address, GLOBEX, &chat("quick")).code(), "quick");
        assert!(!spinner.is_finished(), "all that while the spinner ran");
        assert_eq!(spinner.join().unwrap().code(), "plugin_failed");
    });
    soon_eq!(metric(&gateway, "weir_plugin_pool_waits_total", "acme"), 1.0);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["acme", "reason=\"busy\""]), 1.0);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["acme", "reason=\"deadline\""]), 1.0);
}

#[test]
fn whoever_waits_gets_the_place_of_an_instance_that_was_burned() {
    let gateway = single(&spinning(), "limits = { instances = 1, wait = \"30s\", deadline = \"300ms\" }");
    thread::scope(|scope| {
        let spinner = scope.spawn(|| post(gateway.address, ACME, &chat("spin")));
        until("the spinner is in", || (metric(&gateway, "weir_plugin_instances", "acme") == 1.0).then_some(()));
        let waiting = [0; 4].map(|_| scope.spawn(|| post(gateway.address, ACME, &chat("quick")).code()));
        assert_eq!(waiting.map(|thread| thread.join().unwrap()), ["quick"; 4]);
        assert_eq!(spinner.join().unwrap().code(), "plugin_failed");
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_call_gives_its_place_back() {
    let gateway = single(&spinning(), "limits = { instances = 1, wait = \"20s\", deadline = \"60s\" }");
    let mut stream = std::net::TcpStream::connect(gateway.address).unwrap();
    let bearer = format!("Bearer {ACME}");
    support::client::write_request(
        &mut stream,
        "POST",
        "/v1/chat/completions",
        &[("authorization", &bearer)],
        chat("spin").as_bytes(),
    );
    until("the spinner is in", || (metric(&gateway, "weir_plugin_instances", "acme") == 1.0).then_some(()));
    drop(stream);
    let start = Instant::now();
    assert_eq!(post(gateway.address, ACME, &chat("quick")).code(), "quick");
    assert!(start.elapsed().as_secs() < 19, "it waited for the spinner's deadline");
    soon!(gateway.metric("weir_plugin_cpu_seconds_total", &["acme"]) > 0.0, "what it used is on the bill");
}

/// Keeps what every request says, in memory, notes and store, and answers with all that it finds.
fn hoarding() -> Guest {
    Guest::on(
        "policy",
        r#"(local $end i32)
           (local.set $end (i32.const 32768))
           ;; What is in memory from calls before.
           (local.set $end (i32.add (local.get $end) (global.get $kept)))
           (call $request.get @"/messages/0/content" (global.get $ret))
           (memory.copy (local.get $end) (i32.load (i32.const 68)) (i32.load (i32.const 72)))
           (global.set $kept (i32.rem_u (i32.add (global.get $kept) (i32.load (i32.const 72))) (i32.const 800)))
           (local.set $end (i32.add (local.get $end) (i32.load (i32.const 72))))
           (call $kv.get @"seen" (i32.const 128))
           (if (i32.load8_u (i32.const 128))
             (then
               (memory.copy (local.get $end) (i32.load (i32.const 132)) (i32.load (i32.const 136)))
               (local.set $end (i32.add (local.get $end) (i32.load (i32.const 136))))))
           (call $kv.set @"seen" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i64.const 0) (i32.const 160))
           (call $notes.get @"seen" (i32.const 192))
           (if (i32.load8_u (i32.const 192)) (then unreachable))
           (call $notes.set @"seen" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 160))
           (call $refuse (i32.const 400) @"seen" (i32.const 32768) (i32.sub (local.get $end) (i32.const 32768)))"#,
    )
    .with("(global $kept (mut i32) (i32.const 0))")
}

#[test]
fn no_word_of_one_tenant_reaches_another_through_an_instance_unless_the_operator_shares_it() {
    for isolation in ["request", "tenant", "shared"] {
        let settings = format!("isolation = \"{isolation}\"\ngrants = [\"kv\"]");
        let gateway = single(&hoarding(), &settings);
        let mut strange = 0;
        for n in 0..60 {
            let (key, own, foreign) = if n % 2 == 0 {
                (ACME, "canary-acme", "canary-globex")
            } else {
                (GLOBEX, "canary-globex", "canary-acme")
            };
            let reply = post(gateway.address, key, &chat(&format!("{own}-{n} ")));
            let text = reply.text();
            assert!(text.contains(&format!("{own}-{n}")), "{isolation}: the plugin saw its own: {text}");
            strange += usize::from(text.contains(foreign));
        }
        // Where instances are shared the test must find what it looks for.
        assert_eq!(
            strange > 0,
            isolation == "shared",
            "{isolation}: {strange} answers with a word of the other tenant"
        );
    }
}
