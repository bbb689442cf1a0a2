//! The admin listener: probes, metrics, and nobody who should not ask.

use crate::support;

use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, demo_config, post, raw, until};
use std::collections::BTreeMap;

#[test]
fn probes_say_that_it_lives_and_is_ready() {
    let gateway = Gateway::start(&demo_config(""));
    let (live, ready) = (gateway.admin_get("/livez"), gateway.admin_get("/readyz"));
    assert_eq!((live.status, live.text().as_str()), (200, "ok\n"));
    assert_eq!((ready.status, ready.text().as_str()), (200, "ready\n"));
    assert_eq!(gateway.admin_get("/health").status, 200);
    let details = gateway.ready();
    assert_eq!(details["status"], "ready");
    assert_eq!(details["providers"], serde_json::json!([{"name": "demo", "healthy": true}]));
    assert_eq!(details["problems"], serde_json::json!([]));
    assert!(details["generation"].is_u64());
    // What is not there says what is, and it is.
    let nowhere = gateway.admin_get("/nowhere");
    assert_eq!(nowhere.status, 404);
    let text = nowhere.text();
    let pages: Vec<&str> = text.split([' ', ',']).filter(|word| word.starts_with('/')).collect();
    assert_eq!(pages.len(), 4, "{text}");
    pages.iter().for_each(|page| assert_eq!(gateway.admin_get(page).status, 200, "{page}"));
}

#[test]
fn probes_are_not_for_clients() {
    let gateway = Gateway::start(&demo_config(""));
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(support::get(gateway.address, path, Some(ACME)).status, 404, "{path}");
    }
}

#[test]
fn a_browser_that_was_sent_here_by_another_name_is_refused() {
    let gateway = Gateway::start(&demo_config(""));
    let status = |host: &str| {
        let lines = format!("GET /metrics HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        String::from_utf8(raw(gateway.admin, lines.as_bytes())).unwrap()[9..12].to_owned()
    };
    for host in ["127.0.0.1", "127.0.0.1:9090", "localhost", "localhost:1", "[::1]", "[::1]:9090", "LOCALHOST"] {
        assert_eq!(status(&format!("host: {host}\r\n")), "200", "{host}");
    }
    for host in
        ["evil.example", "evil.example:9090", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", ""]
    {
        assert_eq!(status(&format!("host: {host}\r\n")), "403", "{host}");
    }
    assert_eq!(status(""), "403");
    assert_eq!(status("host: localhost\r\nhost: evil.example\r\n"), "403");
}

#[test]
fn the_admin_listener_takes_no_posts() {
    let gateway = Gateway::start(&demo_config(""));
    assert_eq!(support::send(gateway.admin, "POST", "/metrics", &[], b"{}").status, 405);
    assert_eq!(support::send(gateway.admin, "DELETE", "/livez", &[], b"").status, 405);
}

/// Family name to type, as `# TYPE` lines say.
fn families(text: &str) -> BTreeMap<String, String> {
    let types = text.lines().filter_map(|l| l.strip_prefix("# TYPE "));
    types.filter_map(|l| l.split_once(' ')).map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn every_family_of_metrics_is_there_and_valid_openmetrics() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(post(gateway.address, "sk-weir-a-b", &chat("hi")).status, 401);
    let reply = gateway.admin_get("/metrics");
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"));
    let families = families(&text);
    for (name, kind) in [
        ("weir_requests", "counter"),
        ("weir_in_flight", "gauge"),
        ("weir_refusals", "counter"),
        ("weir_connections", "gauge"),
        ("weir_connections_accepted", "counter"),
        ("weir_request_duration_seconds", "histogram"),
        ("weir_first_byte_seconds", "histogram"),
        ("weir_overhead_seconds", "histogram"),
        ("weir_ledger_closed", "counter"),
        ("weir_tokens", "counter"),
        ("weir_cost_usd", "counter"),
        ("weir_upstream_connections", "gauge"),
        ("weir_upstream_connections_idle", "gauge"),
        ("weir_upstream_waiting", "gauge"),
        ("weir_upstream_attempts", "counter"),
        ("weir_upstream_errors", "counter"),
        ("weir_upstream_healthy", "gauge"),
        ("weir_upstream_put_aside", "counter"),
        ("weir_requests_failed_over", "counter"),
        ("weir_retries_skipped", "counter"),
        ("weir_series", "gauge"),
        ("weir_series_beyond", "counter"),
        ("weir_generation", "gauge"),
        ("weir_plugin_problems", "gauge"),
        ("weir_reloads", "counter"),
        ("weir_build", "gauge"),
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some(kind), "{name}");
    }
    // Every sample belongs to a family, and every number is one.
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = (line.split(['{', ' ']).next().unwrap(), line.rsplit(' ').next().unwrap());
        let base = ["_total", "_bucket", "_sum", "_count", ""]
            .iter()
            .find_map(|end| name.strip_suffix(end).filter(|base| families.contains_key(*base)));
        assert!(base.is_some() && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn requests_are_counted_by_tenant_model_and_status() {
    let upstream = Upstream::chat();
    let prices =
        "[models.priced]\ntargets = [{ provider = \"up\", model = \"p\", price = { input = 2.0, output = 10.0 } }]\n";
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", prices));
    (0..3).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    assert_eq!(post(gateway.address, ACME, &chat("hi").replace("\"m\"", "\"priced\"")).status, 200);
    assert_eq!(post(gateway.address, ACME, "{").status, 400);
    assert_eq!(post(gateway.address, "nonsense", "{}").status, 401);
    until("all are settled", || (gateway.metric("weir_requests_total", &[]) == 7.0).then_some(()));
    let requests = |labels: &[&str]| gateway.metric("weir_requests_total", labels);
    soon_eq!(requests(&["tenant=\"acme\"", "model=\"m\"", "status=\"200\""]), 3.0);
    soon_eq!(requests(&["tenant=\"globex\"", "model=\"m\"", "status=\"200\""]), 1.0);
    soon_eq!(requests(&["tenant=\"\"", "status=\"401\""]), 1.0);
    soon_eq!(requests(&["tenant=\"acme\"", "model=\"\"", "status=\"400\""]), 1.0);
    for name in ["weir_request_duration_seconds_count", "weir_overhead_seconds_count", "weir_first_byte_seconds_count"]
    {
        soon_eq!(gateway.metric(name, &["model=\"m\""]), 4.0, "{name}");
    }
    soon_eq!(gateway.metric("weir_upstream_attempts_total", &["provider=\"up\""]), 5.0);
    soon_eq!(gateway.metric("weir_in_flight", &[]), 0.0);
    // 3 tokens at 2 USD and 1 at 10 USD per million.
    let cost = gateway.metric("weir_cost_usd_total", &["model=\"priced\""]);
    assert!((cost - 16e-6).abs() < 1e-9, "{cost}");
}

#[test]
fn an_upstream_that_keeps_failing_is_seen_as_unhealthy() {
    let upstream = Upstream::fixed(support::upstream::status("500 Oops", "text/plain", "oops"));
    let gateway = Gateway::start(&config(upstream.address));
    (0..5).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502));
    // It is asked again after a second at first, so the gauge may be back up; the count of refusals is not.
    soon_eq!(gateway.metric("weir_refusals_total", &["code=\"upstream_error\""]), 5.0);
    soon_eq!(gateway.metric("weir_ledger_closed_total", &["reason=\"upstream_failed\""]), 5.0);
}
