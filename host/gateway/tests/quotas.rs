//! What plugins may keep, count and log for a tenant: bounded, refused by name, counted, and each binding's own.

use crate::guest::{Bound, Guest, chain, gateway, gateway_with, install, tallying};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, Reply, chat, config, post, send, until};
use std::fs;

/// Keeps something under the key in the header `x-key`, and refuses with `kept`, or with why it was not.
fn keeping() -> Guest {
    Guest::on(
        "policy",
        r#"(call $request.header @"x-key" (i32.const 128))
           (call $kv.get (i32.load (i32.const 132)) (i32.load (i32.const 136)) (i32.const 144))
           (if (i32.load8_u (i32.const 144)) (then (return (call $refuse (i32.const 400) @"there" @""))))
           (call $kv.set (i32.load (i32.const 132)) (i32.load (i32.const 136)) @"v" (i64.const 0) (i32.const 160))
           (if (i32.load8_u (i32.const 160))
             (then (return (call $refuse (i32.const 400) @"refused" (i32.load (i32.const 164)) (i32.load (i32.const 168))))))
           (call $refuse (i32.const 400) @"kept" @"")"#,
    )
}

fn ask(gateway: &Gateway, token: &str, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {token}");
    let all = [&[("authorization", bearer.as_str())], headers].concat();
    send(gateway.address, "POST", "/v1/chat/completions", &all, chat("hi").as_bytes())
}

/// What became of a key: code and message.
fn keep(gateway: &Gateway, token: &str, key: &str) -> (String, String) {
    let reply = ask(gateway, token, &[("x-key", key)]);
    (reply.code(), reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned())
}

fn of(gateway: &Gateway, metric: &str, plugin: &str, tenant: &str) -> f64 {
    gateway.metric(metric, &[&format!("plugin=\"{plugin}\""), &format!("tenant=\"{tenant}\"")])
}

#[test]
fn a_full_store_says_so_to_the_plugin_is_counted_and_forgets_nothing() {
    let upstream = Upstream::chat();
    let settings = "grants = [\"kv\"]\nlimits = { kv_entries = 3 }";
    let gateway = gateway(upstream.address, "", &[("keep", &keeping(), settings)]);
    for key in ["a", "b", "c"] {
        assert_eq!(keep(&gateway, ACME, key).0, "kept");
    }
    for key in ["d", "e"] {
        let (code, why) = keep(&gateway, ACME, key);
        assert_eq!(code, "refused");
        assert!(why.starts_with("full: ") && why.contains("kv_entries"), "{why}");
    }
    for key in ["a", "b", "c"] {
        assert_eq!(keep(&gateway, ACME, key).0, "there", "what is kept stays, whoever wants its room");
    }
    assert_eq!(keep(&gateway, GLOBEX, "d").0, "kept", "another tenant has a store of its own");
    let refused = |tenant: &str| of(&gateway, "weir_plugin_kv_refused_total", "keep", tenant);
    soon_eq!((refused("acme"), refused("globex")), (2.0, 0.0));
}

#[test]
fn what_a_tenant_drops_into_its_own_folder_keeps_no_more_for_being_several() {
    let upstream = Upstream::chat();
    let plugins = "[plugins]\ntenant_kv_entries = 4\n[plugins.defaults]\nkv_entries = 3\n\
                   [plugins.dropped]\ngrants = [\"kv\"]\n";
    let gateway = Gateway::start_with(&format!("{}\n{plugins}", config(upstream.address)), |folder| {
        for (below, names) in [("tenants/acme", &["one", "two"][..]), ("tenants/globex", &["one"])] {
            for name in names {
                install(&folder.join(below), name, &passing_and_keeping(name).build());
                fs::write(folder.join(below).join(format!("{name}.toml")), "grants = [\"kv\"]\n").unwrap();
            }
        }
    });
    let kept = |token: &str, key: &str| {
        let reply = ask(&gateway, token, &[("x-key", key)]);
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    // Each keeps every key that it is asked with: two of them have room for four together.
    ["a", "b", "c"].iter().for_each(|key| kept(ACME, key));
    let refused = |plugin: &str, tenant: &str| {
        of(&gateway, "weir_plugin_kv_refused_total", &format!("tenants/{tenant}/{plugin}"), tenant)
    };
    soon_eq!(refused("one", "acme") + refused("two", "acme"), 2.0);
    ["a", "b", "c"].iter().for_each(|key| kept(GLOBEX, key));
    soon_eq!(refused("one", "globex"), 0.0, "and another tenant is not asked to pay for it");
}

/// Keeps something under the key in the header `x-key`, and lets the request pass whatever came of it.
fn passing_and_keeping(name: &str) -> Guest {
    let body = r#"(call $request.header @"x-key" (i32.const 128))
        (call $kv.set (i32.load (i32.const 132)) (i32.load (i32.const 136)) @"v" (i64.const 0) (i32.const 160))
        (call $pass)"#;
    Guest::on("policy", body).with(&format!("(func ${name})"))
}

/// Logs so many lines of ten bytes at each call.
fn talking(lines: u32) -> Guest {
    Guest::on(
        "policy",
        &format!(
            r#"(local $n i32)
               (loop $more
                 (call $log.write (i32.const 3) @"flooooood!")
                 (local.set $n (i32.add (local.get $n) (i32.const 1)))
                 (br_if $more (i32.lt_u (local.get $n) (i32.const {lines}))))
               (call $pass)"#
        ),
    )
}

#[test]
fn however_often_it_is_called_a_plugin_logs_no_more_than_its_rate_and_what_is_left_out_is_counted() {
    let upstream = Upstream::chat();
    // What it may log in four seconds, at once; then next to nothing.
    let settings = "limits = { log_rate = 50, log_bytes = \"1KiB\" }";
    let gateway = gateway(upstream.address, "", &[("talk", &talking(10), settings)]);
    let start = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    gateway.says("a plugin logs more than it may");
    let most = 200 + 50 * (start.elapsed().as_secs() as usize + 1);
    let written = gateway.log().matches("flooooood!").count() * 10;
    assert!(written <= most, "{written} bytes of at most {most}");
    let dropped = of(&gateway, "weir_plugin_log_dropped_bytes_total", "talk", "acme") as usize;
    until("every byte is accounted for", || {
        (gateway.log().matches("flooooood!").count() * 10 + dropped == 10_000).then_some(())
    });
    // Another tenant's requests are another tenant's log.
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    until("the other's lines are there", || {
        gateway.log().lines().any(|line| line.contains("flooooood!") && line.contains("globex")).then_some(())
    });
}

#[test]
fn by_default_a_plugin_that_logs_what_it_may_at_every_call_fills_no_disk() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("talk", &talking(400), "")]);
    let start = std::time::Instant::now();
    for _ in 0..300 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    // 4 KiB of each call would be more than a megabyte; it has 16 KiB a second, and four seconds of them at once.
    let dropped = of(&gateway, "weir_plugin_log_dropped_bytes_total", "talk", "acme") as usize;
    let most = (16 << 10) * (5 + start.elapsed().as_secs() as usize);
    let written = gateway.log().matches("flooooood!").count() * 10;
    assert!(written <= most && dropped >= 1_200_000 - most, "{written} of at most {most}, {dropped} dropped");
}

#[test]
fn faults_without_end_are_no_log_without_end() {
    let upstream = Upstream::chat();
    let settings = "limits = { log_rate = \"1KiB\", faults = 0 }";
    let gateway = gateway(upstream.address, "", &[("trap", &Guest::on("policy", "unreachable"), settings)]);
    for _ in 0..300 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 500);
    }
    gateway.says("plugin fault");
    let warned = |what: &str| gateway.log().lines().filter(|l| l.contains("WARN") && l.contains(what)).count();
    assert!(warned("plugin fault") < 100, "{}", warned("plugin fault"));
    assert_eq!(warned("plugin_failed"), 0, "the same is not said twice");
    soon!(of(&gateway, "weir_plugin_log_dropped_bytes_total", "trap", "acme") > 0.0);
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["plugin=\"trap\""]), 300.0, "what is counted is all of it");
}

#[test]
fn a_want_of_instances_is_said_every_while_with_how_many_requests_it_stands_for() {
    let upstream = Upstream::chat();
    // It takes a while, and there is one instance for each worker.
    let guest = Guest::on(
        "policy",
        r#"(local $n i32)
           (loop $again
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $n) (i32.const 3000000))))
           (call $pass)"#,
    );
    let settings =
        "limits = { instances = 1, wait = \"0ms\", deadline = \"10s\", cpu = \"1000s\", cpu_burst = \"1h\" }";
    let gateway = gateway(upstream.address, "", &[("slow", &guest, settings)]);
    let begun = std::time::Instant::now();
    let busy = || gateway.metric("weir_plugin_faults_total", &["slow", "reason=\"busy\""]) as u64;
    until("many were busy", || {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20).for_each(|_| drop(post(gateway.address, ACME, &chat("hi")))));
            }
        });
        (busy() >= 100).then_some(())
    });
    gateway.says("had no free instance in time");
    let log = gateway.log();
    let lines: Vec<&str> = log.lines().filter(|l| l.contains("WARN") && l.contains("no free instance")).collect();
    let most = 1 + begun.elapsed().as_secs() / 10;
    assert!(lines.len() as u64 <= most, "{} lines of at most {most}: {lines:#?}", lines.len());
    let times = |line: &&str| line.split("times=").nth(1).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(lines.iter().map(times).sum::<u64>() <= busy());
    soon_eq!(of(&gateway, "weir_plugin_log_dropped_bytes_total", "slow", "acme"), 0.0, "nor is it the plugin's log");
}

#[test]
fn what_a_tenants_own_plugins_log_they_log_together_and_the_operators_do_not_pay_for_it() {
    let upstream = Upstream::chat();
    let talk = talking(100);
    let bound: [Bound<'_>; 1] = [("guard", &talk, "limits = { log_bytes = \"1KiB\", log_rate = \"1MiB\" }")];
    let plugins = chain(&bound).replacen("[plugins]\n", "[plugins]\ntenant_log_rate = 100\n", 1);
    let gateway = gateway_with(&format!("{}\n{plugins}", config(upstream.address)), &bound);
    for n in 0..8 {
        install(&gateway.plugins().join("tenants/acme"), &format!("own{n}"), &talking(100).build());
    }
    until("all are in service", || (gateway.ready()["plugins"].as_array()?.len() == 9).then_some(()));
    (0..5).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    let dropped = |plugin: &str| of(&gateway, "weir_plugin_log_dropped_bytes_total", plugin, "acme");
    soon_eq!(dropped("guard"), 0.0);
    let own: f64 = (0..8).map(|n| dropped(&format!("tenants/acme/own{n}"))).sum();
    // Of 40,000 bytes 400 at once, and 100 more each second.
    assert!(own > 30_000.0, "{own}");
}

#[test]
fn a_counter_at_its_end_stays_there() {
    let upstream = Upstream::chat();
    let body =
        r#"(call $counters.add @"large" (i64.const -2)) (call $counters.add @"small" (i64.const 1)) (call $pass)"#;
    let gateway = gateway(upstream.address, "", &[("count", &Guest::on("policy", body), "")]);
    for n in 1..=4 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        let text = gateway.admin_get("/metrics").text();
        let line = text.lines().find(|l| l.starts_with("weir_plugin_counter_total") && l.contains("large")).unwrap();
        let value: u64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        assert_eq!(value, if n == 1 { u64::MAX - 1 } else { u64::MAX }, "after {n} calls");
    }
    soon_eq!(gateway.metric("weir_plugin_counter_total", &["name=\"small\""]), 4.0);
}

#[test]
fn two_bindings_of_one_file_in_the_chain_keep_and_count_apart() {
    let (upstream, tally) = (Upstream::chat(), tallying("x-tally"));
    let grants = "grants = [\"kv\", \"counters\"]";
    let second = format!("tenants = [\"acme\"]\n{grants}");
    let gateway = gateway(upstream.address, "", &[("tally", &tally, grants), ("tally", &tally, &second)]);
    for n in 1..=3 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.header("x-tally")), (200, Some(n.to_string().as_str())), "{}", reply.text());
    }
    for plugin in ["tally", "tally#2"] {
        soon_eq!(of(&gateway, "weir_plugin_counter_total", plugin, "acme"), 3.0, "{plugin}");
    }
}

#[test]
fn bindings_of_one_file_and_files_of_one_name_share_neither_values_nor_counters_nor_figures() {
    let upstream = Upstream::chat();
    let kv = "grants = [\"kv\", \"counters\"]";
    let chained = tallying("x-chained");
    let bound: [Bound<'_>; 2] =
        [("tally", &chained, kv), ("tally", &chained, "tenants = [\"acme\"]\ngrants = [\"kv\", \"counters\"]")];
    let plugins = format!("{}[plugins.dropped]\ngrants = [\"kv\", \"counters\"]\n", chain(&bound));
    let gateway = Gateway::start_with(&format!("{}\n{plugins}", config(upstream.address)), |folder| {
        install(folder, "tally", &chained.build());
        for (below, header) in [("all", "x-all"), ("tenants/acme", "x-own"), ("tenants/globex", "x-own")] {
            install(&folder.join(below), "tally", &tallying(header).build());
            fs::write(folder.join(below).join("tally.toml"), kv).unwrap();
        }
    });
    for n in 1..=3 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!(reply.status, 200, "{}", reply.text());
        for header in ["x-chained", "x-all", "x-own"] {
            assert_eq!(reply.header(header), Some(n.to_string().as_str()), "{header}");
        }
    }
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).header("x-all"), Some("1"));
    for (plugin, acme, globex) in [
        ("tally", 3.0, 1.0),
        ("tally#2", 3.0, 0.0),
        ("all/tally", 3.0, 1.0),
        ("tenants/acme/tally", 3.0, 0.0),
        ("tenants/globex/tally", 0.0, 1.0),
    ] {
        let counted = |tenant: &str| {
            let labels =
                [format!("plugin=\"{plugin}\""), format!("tenant=\"{tenant}\""), "name=\"answers\"".to_owned()];
            gateway.metric("weir_plugin_counter_total", &labels.each_ref().map(String::as_str))
        };
        soon_eq!((counted("acme"), counted("globex")), (acme, globex), "{plugin}");
        soon_eq!(of(&gateway, "weir_plugin_calls_total", plugin, "acme"), 2.0 * acme, "{plugin}");
    }
    let told = gateway.admin_get("/admin/v1/plugins").json();
    let names: Vec<&str> = told["plugins"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tally", "tally#2", "all/tally", "tenants/acme/tally", "tenants/globex/tally"]);
}
