//! Plugins that are gone: what was kept of them goes with them, and names that do harm are shown as what they are.

use crate::guest::{Guest, chain, gateway_with, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, send, until};
use std::fs;

fn counting() -> Guest {
    Guest::on("policy", r#"(call $counters.add @"calls" (i64.const 1)) (call $pass)"#)
}

fn metrics(gateway: &Gateway) -> String {
    gateway.admin_get("/metrics").text()
}

fn in_service(gateway: &Gateway, count: usize) {
    until(&format!("{count} are in service"), || (gateway.ready()["plugins"].as_array()?.len() == count).then_some(()));
}

#[test]
fn a_thousand_names_that_came_and_went_leave_no_series() {
    let upstream = Upstream::chat();
    let more = "[metrics]\nkeep_removed = \"1s\"\n[limits]\nseries = 4000\n";
    let gateway = Gateway::start(&format!("{}\n{more}", config(upstream.address)));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("it is settled", || (gateway.metric("weir_ledger_closed_total", &[]) == 1.0).then_some(()));
    let before = metrics(&gateway);
    let own = gateway.plugins().join("tenants/acme");
    let plugin = counting().build();
    for round in 0..3 {
        for n in 0..40 {
            install(&own, &format!("r{round}p{n}"), &plugin);
        }
        in_service(&gateway, 40);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        assert!(metrics(&gateway).contains(&format!("r{round}p39\"")));
        fs::remove_dir_all(&own).unwrap();
        in_service(&gateway, 0);
    }
    until("nothing is left of them", || {
        (0..3).all(|round| !metrics(&gateway).contains(&format!("r{round}p"))).then_some(())
    });
    let after = metrics(&gateway);
    assert!(after.len() < before.len() + 1_000, "{} bytes before, {} after", before.len(), after.len());
    for kind in ["plugin_hooks", "plugins", "plugin_counters"] {
        soon_eq!(gateway.metric("weir_series", &[&format!("kind=\"{kind}\"")]), 0.0, "{kind}");
    }
}

/// Bytes that a gateway holds.
fn resident(gateway: &Gateway) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

#[test]
fn what_a_plugin_that_is_gone_has_kept_is_given_back() {
    let upstream = Upstream::chat();
    let keeps = Guest::on(
        "policy",
        r#"(call $request.header @"openai-beta" (i32.const 128))
           (call $kv.set (i32.load (i32.const 132)) (i32.load (i32.const 136)) (i32.const 4096) (i32.const 60000) (i64.const 0) (global.get $ret))
           (call $must-be-ok) (call $pass)"#,
    );
    let bare = format!("{}\n[metrics]\nkeep_removed = \"1s\"\n", config(upstream.address));
    let bound = [("keeps", &keeps, "grants = [\"kv\"]\nlimits = { kv_entries = 1_000_000 }")];
    let gateway = gateway_with(&format!("{bare}{}", chain(&bound)), &bound);
    let bearer = format!("Bearer {ACME}");
    let keep = |n: usize| {
        let key = n.to_string();
        let headers = [("authorization", bearer.as_str()), ("openai-beta", key.as_str())];
        assert_eq!(send(gateway.address, "POST", "/v1/chat/completions", &headers, chat("hi").as_bytes()).status, 200);
    };
    keep(0);
    let before = resident(&gateway);
    (1..1_500).for_each(keep);
    assert!(resident(&gateway) > before + (64 << 20), "90 MB are kept");
    gateway.write_config(&bare);
    in_service(&gateway, 0);
    until("it is given back", || (resident(&gateway) < before + (32 << 20)).then_some(()));
}

#[test]
fn past_the_limit_names_that_a_tenant_makes_up_share_one_series() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&format!("{}\n[limits]\nseries = 5\n", config(upstream.address)));
    let plugin = counting().build();
    for n in 0..30 {
        install(&gateway.plugins().join("tenants/acme"), &format!("p{n:02}"), &plugin);
    }
    in_service(&gateway, 30);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    let text = metrics(&gateway);
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("weir_plugin_calls_total{")).collect();
    assert_eq!(lines.len(), 6, "{lines:#?}");
    soon_eq!(gateway.metric("weir_plugin_calls_total", &[]), 30.0, "and the sums stay exact");
    soon_eq!(gateway.metric("weir_plugin_calls_total", &["plugin=\"other\"", "tenant=\"other\""]), 25.0);
}

#[test]
fn nothing_in_a_scrape_is_obeyed_by_a_terminal() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let all = gateway.plugins().join("all");
    for name in ["red\u{1b}[31m", "bell\u{7}", "next\u{85}line", "quote\"and\\"] {
        install(&all, name, &counting().build());
    }
    // Each is in service, or a problem says why it is not.
    until("all are taken up", || {
        let ready = gateway.ready();
        (ready["plugins"].as_array()?.len() + ready["problems"].as_array()?.len() >= 4).then_some(())
    });
    let _ = post(gateway.address, ACME, &chat("hi"));
    let obeyed: Vec<char> = metrics(&gateway).chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert!(obeyed.is_empty(), "{obeyed:?}");
    for line in metrics(&gateway).lines().filter(|line| !line.starts_with('#')) {
        // A name, labels whose quotes are escaped, one value.
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(bare.matches('"').count() % 2, 0, "{line}");
    }
}
