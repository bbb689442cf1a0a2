//! Series exist for what has happened, they are bounded, and what finds no room loses its name and nothing else.

use crate::guest;
use crate::support;

use crate::guest::Guest;
use crate::support::client::Streaming;
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, GLOBEX, Gateway, PATIENCE, chat, chat_stream, config, config_with, post, send, until};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// `count` tenants `t0`, `t1`, … with a key each, whose secret is `demo`, and models `m0`, `m1`, … at the provider `up`.
fn many(tenants: usize, models: usize) -> String {
    let mut text = String::new();
    for n in 0..models {
        write!(
            text,
            "[models.m{n}]\ntargets = [{{ provider = \"up\", model = \"m\", price = {{ input = 1.0, output = 1.0 }} }}]\n"
        )
        .unwrap();
    }
    for n in 0..tenants {
        let hash: String =
            weir_tenancy::key::hash(b"", &format!("t{n}"), "demo").iter().fold(String::new(), |mut s, b| {
                write!(s, "{b:02x}").unwrap();
                s
            });
        write!(
            text,
            "[tenants.t{n}]\nmodels = [\"*\"]\n[[tenants.t{n}.keys]]\nid = \"t{n}\"\nhash = \"blake3:{hash}\"\n"
        )
        .unwrap();
    }
    text
}

fn ask(gateway: &Gateway, tenant: usize, model: usize) {
    let body = chat("hi").replace("\"m\"", &format!("\"m{model}\""));
    assert_eq!(post(gateway.address, &format!("sk-weir-t{tenant}-demo"), &body).status, 200);
}

fn metrics(gateway: &Gateway) -> String {
    gateway.admin_get("/metrics").text()
}

/// Lines of a family, without its type and help.
fn lines<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name)).collect()
}

/// Memory that the process itself has, in MiB: what it wrote, not the program's file.
fn anonymous_mib(gateway: &Gateway) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() / 1024
}

#[test]
fn a_large_configuration_costs_what_it_is_long_and_no_series_before_something_happens() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", &many(3_000, 30)));
    let text = metrics(&gateway);
    assert!(!text.contains("tenant=\"t"), "a series for a tenant that has asked nothing");
    assert!(text.len() < 100_000, "{} bytes of a scrape before anything happened", text.len());
    let memory = anonymous_mib(&gateway);
    assert!(memory < 120, "{memory} MiB");
    (0..20).for_each(|n| ask(&gateway, n * 100, n));
    until("all are settled", || (gateway.metric("weir_requests_total", &["status=\"200\""]) == 20.0).then_some(()));
    let text = metrics(&gateway);
    assert_eq!(lines(&text, "weir_requests_total").len(), 20, "{text}");
    assert_eq!(lines(&text, "weir_cost_usd_total").len(), 20);
    assert!(anonymous_mib(&gateway) < memory + 20, "{} MiB after {memory}", anonymous_mib(&gateway));
}

#[test]
fn past_the_limit_requests_are_counted_as_others_and_the_sums_stay_exact() {
    let upstream = Upstream::chat();
    let config =
        |limit: usize| config_with(upstream.address, "", &format!("{}\n[limits]\nseries = {limit}\n", many(6, 3)));
    let gateway = Gateway::start(&config(4));
    for round in 0..3 {
        for tenant in 0..6 {
            (0..3).for_each(|model| ask(&gateway, tenant, model));
        }
        let asked = f64::from((round + 1) * 18);
        until("all are settled", || (gateway.metric("weir_requests_total", &[]) == asked).then_some(()));
        let text = metrics(&gateway);
        // The four that were first, one for the others, and one for those of whom nothing is known yet.
        assert_eq!(lines(&text, "weir_requests_total").len(), 5, "{text}");
        assert_eq!(lines(&text, "weir_in_flight").len(), 6, "{text}");
        assert_eq!(lines(&text, "weir_ledger_closed_total").len(), 5, "{text}");
    }
    let others = ["tenant=\"other\"", "model=\"other\""];
    soon_eq!(gateway.metric("weir_requests_total", &others), 42.0);
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"completed\""]), 54.0);
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\""]), 54.0 * 3.0);
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", others[0], "provider=\"up\""]), 42.0 * 3.0);
    assert!((gateway.metric("weir_cost_usd_total", &[]) - 54.0 * 4e-6).abs() < 1e-9);
    soon_eq!(gateway.metric("weir_request_duration_seconds_count", &[]), 54.0);
    soon_eq!(gateway.metric("weir_series", &["kind=\"requests\""]), 4.0);
    soon_eq!(gateway.metric("weir_series", &["kind=\"ledger\""]), 4.0);
    soon!(gateway.metric("weir_series_beyond_total", &["kind=\"requests\""]) >= 14.0);

    gateway.write_config(&config(400));
    until("the limit is raised", || gateway.log().contains("limits.series: 4 → 400").then_some(()));
    until("it serves", || {
        ask(&gateway, 5, 2);
        (gateway.metric("weir_requests_total", &["tenant=\"t5\"", "model=\"m2\""]) > 0.0).then_some(())
    });
}

#[test]
fn histograms_are_kept_by_model_unless_the_operator_wants_them_by_tenant() {
    let upstream = Upstream::chat();
    let models = "[models.n]\ntargets = [\"up/m\"]\n";
    let config = |more: &str| config_with(upstream.address, "", &format!("{models}{more}"));
    let gateway = Gateway::start(&config(""));
    let names = ["weir_request_duration_seconds", "weir_first_byte_seconds", "weir_overhead_seconds"];
    let settled = |count: f64| until("settled", || (gateway.metric("weir_requests_total", &[]) == count).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("1")).status, 200);
    assert_eq!(post(gateway.address, GLOBEX, &chat("2")).status, 200);
    settled(2.0);
    for name in names {
        let count = format!("{name}_count");
        soon_eq!(gateway.metric(&count, &["model=\"m\""]), 2.0, "{name}");
        soon_eq!(gateway.metric(&count, &["model=\"n\""]), 0.0, "{name}");
        let text = metrics(&gateway);
        let by_tenant = lines(&text, &count).iter().filter(|line| line.contains("tenant=")).count();
        assert_eq!(by_tenant, 0, "{name} by tenant, though nobody asked for that");
        assert!(lines(&text, &format!("{name}_bucket")).iter().all(|line| !line.contains("model=\"n\"")));
    }
    gateway.write_config(&config("[metrics]\ntenant_histograms = true\n"));
    until("the change is live", || gateway.log().contains("tenant_histograms: false → true").then_some(()));
    until("it serves", || {
        assert_eq!(post(gateway.address, ACME, &chat("3")).status, 200);
        (gateway.metric("weir_overhead_seconds_count", &["tenant=\"acme\"", "model=\"m\""]) > 0.0).then_some(())
    });
    assert_eq!(post(gateway.address, GLOBEX, &chat("4").replace("\"m\"", "\"n\"")).code(), "model_not_found");
}

#[test]
fn a_refusal_is_counted_for_its_tenant_also_before_it_is_known_what_was_asked() {
    let upstream = Upstream::chat();
    let limited = config(upstream.address).replace("[tenants.acme]\n", "[tenants.acme]\nrequests_per_minute = 1\n");
    let gateway = Gateway::start(&limited);
    assert_eq!(post(gateway.address, ACME, &chat("1")).status, 200);
    (0..3).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("2")).status, 429));
    (0..2).for_each(|_| assert_eq!(post(gateway.address, GLOBEX, "{").status, 400));
    let unknown = chat("3").replace("\"m\"", "\"nothing\"");
    assert_eq!(post(gateway.address, GLOBEX, &unknown).status, 404);
    (0..4).for_each(|_| assert_eq!(post(gateway.address, "sk-weir-acme-guess", &chat("4")).status, 401));
    assert_eq!(send(gateway.address, "GET", "/nowhere", &[], b"").status, 404);
    let refused = |code: &str, tenant: &str| {
        let labels = [format!("code=\"{code}\""), format!("tenant=\"{tenant}\"")];
        gateway.metric("weir_refusals_total", &[&labels[0], &labels[1]])
    };
    soon_eq!(refused("rate_limit_exceeded", "acme"), 3.0);
    soon_eq!(refused("invalid_json", "globex"), 2.0);
    soon_eq!(refused("model_not_found", "globex"), 1.0);
    soon_eq!(refused("invalid_api_key", ""), 4.0, "a key's public part names nobody whose secret is wrong");
    soon_eq!(refused("not_found", ""), 1.0);
    soon_eq!(gateway.metric("weir_refusals_total", &[]), 11.0);
    let ended = |labels: &[&str]| gateway.metric("weir_requests_total", labels);
    until("all are settled", || (ended(&[]) == 12.0).then_some(()));
    soon_eq!(ended(&["tenant=\"acme\"", "model=\"\"", "status=\"429\""]), 3.0);
    soon_eq!(ended(&["tenant=\"globex\"", "model=\"\""]), 3.0);
    soon_eq!(ended(&["tenant=\"\"", "model=\"\""]), 5.0);
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
}

/// A policy that refuses with the code that the client names.
fn refuser() -> Guest {
    Guest::on(
        "policy",
        r#"(call $request.header @"x-code" (global.get $ret)) (call $must-fail)
           (call $refuse (i32.const 403) (i32.load (i32.const 68)) (i32.load (i32.const 72)) @"no")"#,
    )
}

fn refused_as(gateway: &Gateway, token: &str, code: &str) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("x-code", code)];
    let reply = send(gateway.address, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes());
    assert_eq!((reply.status, reply.code().as_str()), (403, code));
}

#[test]
fn codes_that_a_plugin_makes_up_are_bounded_for_each_tenant_and_hide_nobody_elses() {
    let upstream = Upstream::chat();
    let gateway = guest::gateway(upstream.address, "", &[("refuser", &refuser(), "")]);
    (0..150).for_each(|n| refused_as(&gateway, ACME, &format!("made_up_{n}")));
    refused_as(&gateway, GLOBEX, "late");
    assert_eq!(post(gateway.address, ACME, "{").status, 400);
    let text = metrics(&gateway);
    let of = |tenant: &str| {
        let label = format!("tenant=\"{tenant}\"");
        lines(&text, "weir_refusals_total").into_iter().filter(|line| line.contains(&label)).count()
    };
    soon_eq!(of("acme"), 66, "64 made up, the rest as `other`, and one of the gateway's own: {text}");
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"other\"", "tenant=\"acme\""]), 86.0);
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"late\"", "tenant=\"globex\""]), 1.0);
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"invalid_json\"", "tenant=\"acme\""]), 1.0);
    soon_eq!(gateway.metric("weir_refusals_total", &[]), 152.0);
}

#[test]
fn past_the_limit_a_refusal_keeps_its_code_and_loses_its_tenant() {
    let upstream = Upstream::chat();
    let gateway =
        Gateway::start(&config_with(upstream.address, "", &format!("{}\n[limits]\nseries = 2\n", many(5, 1))));
    for tenant in 0..5 {
        let key = format!("sk-weir-t{tenant}-demo");
        (0..2).for_each(|_| assert_eq!(post(gateway.address, &key, "{").status, 400));
        assert_eq!(post(gateway.address, &key, &chat("hi").replace("\"m\"", "\"x\"")).status, 404);
    }
    assert_eq!(post(gateway.address, "sk-weir-x-y", "{").status, 401);
    let text = metrics(&gateway);
    assert!(lines(&text, "weir_refusals_total").len() <= 5, "{text}");
    let refused = |labels: &[&str]| gateway.metric("weir_refusals_total", labels);
    soon_eq!(refused(&["code=\"invalid_json\""]), 10.0);
    soon_eq!(refused(&["code=\"model_not_found\""]), 5.0);
    soon_eq!(refused(&["code=\"invalid_api_key\"", "tenant=\"\""]), 1.0);
    soon_eq!(refused(&["code=\"invalid_json\"", "tenant=\"other\""]), 8.0);
}

/// Counts its calls, and keeps a number for each tenant.
fn counting() -> Guest {
    Guest::on("policy", r#"(call $counters.add @"calls" (i64.const 1)) (call $pass)"#)
}

/// A gateway in whose folder these apply to everybody.
fn with_all(config: &str, names: &[&str]) -> Gateway {
    let guest = counting().and("response", "(call $pass)").and("event", "(call $pass)").build();
    Gateway::start_with(config, |folder| {
        names.iter().for_each(|name| guest::install(&folder.join("all"), name, &guest));
    })
}

#[test]
fn plugins_for_everybody_cost_nothing_for_tenants_who_ask_nothing() {
    let upstream = Upstream::chat();
    let gateway = with_all(&config_with(upstream.address, "", &many(3_000, 30)), &["a", "b", "c", "d"]);
    assert!(metrics(&gateway).len() < 100_000);
    let memory = anonymous_mib(&gateway);
    assert!(memory < 120, "{memory} MiB");
    (0..10).for_each(|n| ask(&gateway, n * 300, n));
    until("all are settled", || (gateway.metric("weir_requests_total", &["status=\"200\""]) == 10.0).then_some(()));
    let text = metrics(&gateway);
    // Four plugins at two hooks for ten tenants; no stream was asked for.
    assert_eq!(lines(&text, "weir_plugin_calls_total").len(), 80, "{text}");
    assert_eq!(lines(&text, "weir_plugin_counter_total").len(), 40);
    assert!(!text.contains("hook=\"event\""));
    let count = lines(&text, "weir_plugin_call_cpu_seconds_count");
    assert!(count.len() == 8 && count.iter().all(|line| !line.contains("tenant=")), "{count:?}");
}

#[test]
fn past_the_limit_calls_of_plugins_are_counted_for_the_others_and_the_sums_stay_exact() {
    let upstream = Upstream::chat();
    let limits = "[limits]\nseries = 3\n[metrics]\ntenant_histograms = true\n";
    let gateway = with_all(&config_with(upstream.address, "", &format!("{}\n{limits}", many(6, 1))), &["a"]);
    for _ in 0..2 {
        (0..6).for_each(|tenant| ask(&gateway, tenant, 0));
    }
    soon_eq!(gateway.metric("weir_plugin_calls_total", &[]), 24.0);
    soon_eq!(gateway.metric("weir_plugin_call_cpu_seconds_count", &[]), 24.0);
    soon!(gateway.metric("weir_plugin_call_cpu_seconds_count", &["tenant=\"other\""]) >= 20.0);
    soon_eq!(gateway.metric("weir_plugin_counter_total", &[]), 12.0);
    soon_eq!(gateway.metric("weir_plugin_counter_total", &["tenant=\"other\"", "name=\"other\""]), 6.0);
    for kind in ["plugin_hooks", "plugins", "plugin_counters"] {
        let label = format!("kind=\"{kind}\"");
        soon_eq!(gateway.metric("weir_series", &[&label]), 3.0, "{kind}");
        soon!(gateway.metric("weir_series_beyond_total", &[&label]) > 0.0, "{kind}");
    }
}

#[test]
fn what_was_counted_of_a_tenant_that_is_gone_is_shown_until_it_is_settled_and_a_while_longer() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let upstream = Upstream::start(move |_, request, stream| {
        if !String::from_utf8_lossy(&request.body).contains("\"stream\":true") {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        stream.write_all(&[STREAM, &chunk(&delta("begun"))].concat()).unwrap();
        released.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        stream.write_all(&[&chunk(DONE), END].concat()).is_ok()
    });
    let text = many(3, 2);
    let config = |text: &str| {
        config_with(
            upstream.address,
            "",
            &format!("{text}\n[metrics]\nkeep_removed = \"1s\"\n[plugins.defaults]\nidle = \"1s\"\n"),
        )
    };
    let guest = counting().build();
    let gateway = Gateway::start_with(&config(&text), |folder| guest::install(&folder.join("all"), "counting", &guest));
    (0..3).for_each(|tenant| ask(&gateway, tenant, tenant % 2));
    let stream = chat_stream("hi").replace("\"m\"", "\"m1\"");
    let mut open = Streaming::open(gateway.address, "sk-weir-t1-demo", &stream);
    assert_eq!(open.next_event().unwrap(), delta("begun"));
    let count = |tenant: &str| gateway.metric("weir_requests_total", &[&format!("tenant=\"{tenant}\"")]);
    let any = |tenant: &str| metrics(&gateway).contains(&format!("tenant=\"{tenant}\""));
    let but_for_plugins = |tenant: &str| {
        let label = format!("tenant=\"{tenant}\"");
        metrics(&gateway).lines().any(|line| line.contains(&label) && !line.starts_with("weir_plugin"))
    };
    until("all are settled", || ((0..3).map(|n| count(&format!("t{n}"))).sum::<f64>() == 3.0).then_some(()));
    let kept = gateway.metric("weir_series", &["kind=\"plugin_counters\""]);

    // Two of them go, and with them the model that only one of them asked for.
    let rest = text[text.find("[tenants.t2]").unwrap()..].to_owned();
    let fewer = format!("{}{rest}", &text[..text.find("[models.m1]").unwrap()]);
    gateway.write_config(&config(&fewer));
    until("the one that is settled is let go", || (!but_for_plugins("t0")).then_some(()));
    assert!(but_for_plugins("t1"), "the other has a request under way");
    release.send(()).unwrap();
    assert_eq!(open.rest(), [DONE]);
    until("its last request is seen", || (count("t1") == 2.0).then_some(()));
    until("all is let go", || (!any("t0") && !any("t1") && !metrics(&gateway).contains("model=\"m1\"")).then_some(()));
    soon_eq!(count("t2"), 1.0, "who is there is counted on");
    soon_eq!(gateway.metric("weir_series", &["kind=\"requests\""]), 1.0);
    soon_eq!(gateway.metric("weir_series", &["kind=\"plugin_counters\""]), kept - 2.0);

    // Who comes back begins at zero, as a counter may.
    gateway.write_config(&config(&text));
    until("it is there again", || (post(gateway.address, "sk-weir-t0-demo", "{").status == 400).then_some(()));
    ask(&gateway, 0, 0);
    until("it is counted", || {
        (gateway.metric("weir_requests_total", &["tenant=\"t0\"", "model=\"m0\""]) == 1.0).then_some(())
    });
}

#[test]
fn a_file_that_is_bound_twice_has_a_series_for_each_binding() {
    let upstream = Upstream::chat();
    let passing = Guest::on("policy", "(call $pass)");
    let gateway = guest::gateway(upstream.address, "", &[("pass", &passing, ""), ("pass", &passing, "")]);
    (0..3).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    let text = metrics(&gateway);
    assert_eq!(lines(&text, "weir_plugin_calls_total").len(), 2, "{text}");
    for plugin in ["plugin=\"pass\"", "plugin=\"pass#2\""] {
        soon_eq!(gateway.metric("weir_plugin_calls_total", &[plugin, "tenant=\"acme\""]), 3.0);
    }
}

/// What a scrape may be long at the most: for each of `limits.series`, with histograms for each tenant too, and beside that.
const PER_SERIES: [(bool, usize); 2] = [(false, 3 << 10), (true, 5 << 10)];
const BESIDE: usize = 48 << 10;

#[test]
fn a_scrape_with_every_table_full_has_a_known_size() {
    for (by_tenant, per_series) in PER_SERIES {
        let limit = 24;
        let (length, text) = full(limit, by_tenant);
        eprintln!("{length} bytes for {limit} of each kind, histograms for each tenant: {by_tenant}");
        assert!(length <= BESIDE + limit * per_series, "{length} bytes");
        // Not because there is nothing in it.
        assert!(length > limit * per_series * 2 / 3, "{length} bytes: {text}");
    }
    // As the documentation says it.
    let docs = include_str!("../../../docs/operating.md").replace('\n', " ");
    assert!(docs.contains(
        "no longer than 48 KiB and 3 KiB for each of `limits.series`, 5 KiB with `metrics.tenant_histograms`"
    ));
}

/// A scrape of a gateway of which every table is full, with rows as long as they get: its length, and the text.
fn full(limit: usize, by_tenant: bool) -> (usize, String) {
    // The provider answers as it is told to.
    let upstream = Upstream::start(|_, request, stream| {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let status = text.split("status ").nth(1).and_then(|rest| rest.get(..3)).unwrap_or("200").to_owned();
        let answer = if status == "200" {
            ok("application/json", CHAT)
        } else {
            support::upstream::status(&format!("{status} So"), "application/json", "{}")
        };
        stream.write_all(&answer).is_ok()
    });
    let limits = format!("[limits]\nseries = {limit}\n[metrics]\ntenant_histograms = {by_tenant}\n");
    let text = config_with(
        upstream.address,
        "retries = 0\nhealth.failures = 100\nhealth.retry_after_limit = \"0s\"",
        &format!("{}\n{limits}", many(12, 4)),
    );
    let counting = Guest::on(
        "policy",
        r#"(call $counters.add @"one" (i64.const 1)) (call $counters.add @"two" (i64.const 1)) (call $pass)"#,
    );
    // Names of ten bytes.
    let text = text.replace("[tenants.t", "[tenants.tenant-no-").replace("[models.m", "[models.model-no-");
    let text = text.replace("[models.model-no-]", "[models.m]");
    let guest = counting.and("response", "(call $pass)").build();
    let gateway = Gateway::start_with(&text, |folder| {
        ["first", "second"].iter().for_each(|name| guest::install(&folder.join("all"), name, &guest));
    });
    let statuses = ["200", "400", "403", "404", "405", "413", "415", "422", "500", "503", "504"];
    for tenant in 0..12 {
        let key = format!("sk-weir-t{tenant}-demo");
        for model in 0..4 {
            for status in statuses {
                let body = chat(&format!("status {status}")).replace("\"m\"", &format!("\"model-no-{model}\""));
                post(gateway.address, &key, &body);
            }
        }
        for body in ["{", "{}", "[]", "{\"model\":1}"] {
            assert_eq!(post(gateway.address, &key, body).status, 400);
        }
    }
    let asked = (12 * (4 * statuses.len() + 4)) as f64;
    until("all are settled", || (gateway.metric("weir_requests_total", &[]) == asked).then_some(()));
    let text = metrics(&gateway);
    for kind in ["requests", "refusals", "ledger", "plugin_hooks", "plugins", "plugin_counters"] {
        let kept = gateway.metric("weir_series", &[&format!("kind=\"{kind}\"")]);
        assert_eq!(kept, limit as f64, "{kind} is full");
    }
    soon_eq!(gateway.metric("weir_series", &["kind=\"histograms\""]), (limit as f64 / 12.0).ceil());
    (text.len(), text)
}
