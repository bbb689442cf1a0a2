//! Plugins that cost too much or fault again and again: for whom they are not called any more, and since when again.

use crate::guest::{Guest, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, post, until};

/// Traps when the first message says so, and lets everything else pass.
fn touchy() -> Guest {
    Guest::on(
        "policy",
        r#"(call $request.get @"/messages/0/content" (global.get $ret))
           (if (i32.eq (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))) (i32.const 33)) (then unreachable))
           (call $pass)"#,
    )
}

fn said(gateway: &Gateway, key: &str, text: &str) -> (u16, String) {
    let reply = post(gateway.address, key, &chat(text));
    let code = if reply.status == 200 { String::new() } else { reply.code() };
    (reply.status, code)
}

fn quarantined(gateway: &Gateway, tenant: &str) -> f64 {
    gateway.metric("weir_plugin_quarantined", &["plugin=\"touchy\"", &format!("tenant=\"{tenant}\"")])
}

const LIMITS: &str =
    "limits = { faults = 3, fault_window = \"1m\", quarantine = \"300ms\", quarantine_most = \"10m\" }";

#[test]
fn a_plugin_that_faults_again_and_again_is_quarantined_for_that_tenant_alone_and_tried_again_later() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("touchy", &touchy(), LIMITS)]);
    for _ in 0..3 {
        assert_eq!(said(&gateway, ACME, "!"), (500, "plugin_failed".to_owned()));
    }
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "plugin_quarantined"), "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    soon_eq!((quarantined(&gateway, "acme"), quarantined(&gateway, "globex")), (1.0, 0.0));
    assert_eq!(said(&gateway, GLOBEX, "hi").0, 200, "what one tenant sends is not held against another");
    until("it is tried again", || (said(&gateway, ACME, "hi").0 == 200).then_some(()));
    soon_eq!(quarantined(&gateway, "acme"), 0.0);
    let faults = |reason: &str| gateway.metric("weir_plugin_faults_total", &[&format!("reason=\"{reason}\""), "acme"]);
    soon_eq!(faults("trap"), 3.0);
    soon!(faults("quarantined") >= 1.0);
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &["acme"]), 1.0);
    gateway.says("in quarantine");
    gateway.says("out of quarantine");
}

#[test]
fn requests_go_on_without_a_quarantined_plugin_where_its_binding_is_open() {
    let upstream = Upstream::chat();
    let open = format!("on_failure = \"open\"\n{}", LIMITS.replace("300ms", "10m"));
    let gateway = gateway(upstream.address, "", &[("touchy", &touchy(), &open)]);
    for _ in 0..10 {
        assert_eq!(said(&gateway, ACME, "!").0, 200);
    }
    let faults = |reason: &str| gateway.metric("weir_plugin_faults_total", &[&format!("reason=\"{reason}\"")]);
    soon_eq!((faults("trap"), faults("quarantined")), (3.0, 7.0));
}

#[test]
fn a_new_version_begins_with_a_clean_slate() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("touchy", &touchy(), &LIMITS.replace("300ms", "10m"))]);
    (0..3).for_each(|_| drop(said(&gateway, ACME, "!")));
    assert_eq!(said(&gateway, ACME, "hi").0, 503);
    install(&gateway.plugins(), "touchy", &touchy().with("(func $version2)").build());
    until("the new version serves", || (said(&gateway, ACME, "hi").0 == 200).then_some(()));
}

#[test]
fn a_tenant_that_has_used_up_its_budget_waits_and_others_do_not() {
    let upstream = Upstream::chat();
    // Counts to two million: some milliseconds each time, which take some seconds to come back.
    let busy = Guest::on(
        "policy",
        r#"(local $n i32)
           (loop $more
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $more (i32.lt_u (local.get $n) (i32.const 2000000))))
           (call $pass)"#,
    );
    let limits = "limits = { cpu = \"1ms\", cpu_burst = \"1ms\", deadline = \"60s\" }";
    let gateway = gateway(upstream.address, "", &[("busy", &busy, limits)]);
    assert_eq!(said(&gateway, ACME, "hi").0, 200, "what is left is enough to begin");
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "plugin_over_budget"), "{}", reply.text());
    assert!(reply.text().contains("budget"), "{}", reply.text());
    assert_eq!(said(&gateway, GLOBEX, "hi").0, 200);
    until("the budget comes back", || (said(&gateway, ACME, "hi").0 == 200).then_some(()));
    soon!(gateway.metric("weir_plugin_faults_total", &["reason=\"budget\"", "acme"]) >= 1.0);
}

#[test]
fn the_admin_listener_tells_of_each_plugin_what_it_costs_whom_and_how_it_stands() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("touchy", &touchy(), &LIMITS.replace("300ms", "10m"))]);
    (0..3).for_each(|_| drop(said(&gateway, ACME, "!")));
    assert_eq!((said(&gateway, ACME, "hi").0, said(&gateway, GLOBEX, "hi").0), (503, 200));
    let told: serde_json::Value = gateway.admin_get("/admin/v1/plugins").json();
    assert_eq!(told["generation"], 1);
    let plugin = &told["plugins"][0];
    assert_eq!(plugin["name"], "touchy");
    assert_eq!((&plugin["state"], &plugin["on_failure"]), (&"quarantined".into(), &"closed".into()));
    let (acme, globex) = (&plugin["tenants"]["acme"], &plugin["tenants"]["globex"]);
    assert_eq!((&acme["state"], &globex["state"]), (&"quarantined".into(), &"live".into()));
    let of = |tenant: &serde_json::Value| tenant["hooks"]["policy"].clone();
    assert_eq!((&of(acme)["calls"], &of(globex)["calls"]), (&3.into(), &1.into()));
    assert_eq!(of(acme)["faults"], serde_json::json!({"trap": 3, "quarantined": 1}));
    assert_eq!(of(acme)["burned"], 3);
    assert!(of(globex)["cpu_p50_us"].as_f64().unwrap() > 0.0);
    assert_eq!(globex["instances"]["live"], 1);
    std::fs::write(gateway.plugins().join("touchy.wasm"), b"\0asm").unwrap();
    until("the broken file is told", || {
        let told = gateway.admin_get("/admin/v1/plugins").json();
        told["plugins"][0]["last_load_error"].as_str().map(|why| assert!(why.contains("truncated"), "{why}"))
    });
}
