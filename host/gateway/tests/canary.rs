//! New versions of a plugin: on trial for a share of the requests, promoted or rolled back, pinned by their hash.

use crate::guest::{Guest, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, post, until};
use std::collections::BTreeMap;

/// Says its version in a refusal's code, at both tenants.
fn version(code: &str) -> Guest {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"said")"#))
}

const FAULTY: &str = "unreachable";

/// How many of so many requests each version answered.
fn counts(gateway: &Gateway, requests: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for n in 0..requests {
        let key = if n % 2 == 0 { ACME } else { GLOBEX };
        *counts.entry(post(gateway.address, key, &chat("hi")).code()).or_default() += 1;
    }
    counts
}

fn on_trial(gateway: &Gateway) -> bool {
    let told = gateway.admin_get("/admin/v1/plugins").json();
    told["plugins"].as_array().unwrap().iter().any(|plugin| !plugin["canary_percent"].is_null())
}

fn put_on_trial(gateway: &Gateway, version: &Guest) {
    install(&gateway.plugins(), "it", &version.build());
    until("the new version is on trial", || on_trial(gateway).then_some(()));
}

#[test]
fn a_new_version_sees_its_share_of_the_requests_and_then_all_of_them() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 20, for = \"1ms\", calls = 100 }";
    let gateway = gateway(upstream.address, "", &[("it", &version("old"), rules)]);
    assert_eq!(counts(&gateway, 10), [("old".to_owned(), 10)].into());
    put_on_trial(&gateway, &version("new"));
    soon_eq!(gateway.metric("weir_plugin_canary_percent", &["plugin=\"it\""]), 20.0);
    // Drawn by their ids: of 200 requests between 12 and 68 but for once in a million times.
    let counted = counts(&gateway, 200);
    assert!((12..=68).contains(&counted["new"]), "{counted:?}");
    until("enough calls have been seen", || {
        counts(&gateway, 20);
        (!on_trial(&gateway)).then_some(())
    });
    assert_eq!(counts(&gateway, 10), [("new".to_owned(), 10)].into());
    gateway.says("a new version is on trial plugin=");
    gateway.says("has stood its trial");
}

#[test]
fn a_new_version_that_faults_is_rolled_back_by_itself_and_does_not_come_again() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 50, for = \"1h\", calls = 100000 }";
    let gateway = gateway(upstream.address, "", &[("it", &version("old"), rules)]);
    put_on_trial(&gateway, &Guest::on("policy", FAULTY));
    until("it is rolled back", || {
        counts(&gateway, 4);
        (!on_trial(&gateway)).then_some(())
    });
    assert_eq!(counts(&gateway, 50), [("old".to_owned(), 50)].into());
    let told = gateway.admin_get("/admin/v1/plugins").json();
    let why = told["plugins"][0]["last_load_error"].as_str().unwrap();
    assert!(why.contains("rolled back") && why.contains("faulted"), "{why}");
    // Another version gets a trial of its own, and the bad one none.
    put_on_trial(&gateway, &version("newer"));
    install(&gateway.plugins(), "it", &Guest::on("policy", FAULTY).build());
    until("the bad one is refused", || (!on_trial(&gateway)).then_some(()));
    assert_eq!(counts(&gateway, 50), [("old".to_owned(), 50)].into());
}

#[test]
fn a_new_version_that_costs_much_more_is_rolled_back() {
    let upstream = Upstream::chat();
    let rules = "canary = { percent = 50, for = \"1h\", calls = 10 }\nlimits = { deadline = \"60s\", cpu = \"1000s\", cpu_burst = \"1h\" }";
    let gateway = gateway(upstream.address, "", &[("it", &version("old"), rules)]);
    let costly = r#"(local $n i32)
        (loop $more
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 3000000))))
        (call $refuse (i32.const 400) @"new" @"said")"#;
    put_on_trial(&gateway, &Guest::on("policy", costly));
    until("it is rolled back", || {
        counts(&gateway, 4);
        (!on_trial(&gateway)).then_some(())
    });
    assert_eq!(counts(&gateway, 10), [("old".to_owned(), 10)].into());
    gateway.says("rolled back: a call costs");
}

#[test]
fn a_pinned_plugin_is_served_by_that_file_and_no_other() {
    let upstream = Upstream::chat();
    let hash = blake3::hash(&version("old").build()).to_hex();
    let gateway = gateway(upstream.address, "", &[("it", &version("old"), &format!("blake3 = \"{hash}\""))]);
    install(&gateway.plugins(), "it", &version("new").build());
    let why = until("the other file is refused", || {
        let told = gateway.admin_get("/admin/v1/plugins").json();
        told["plugins"][0]["last_load_error"].as_str().map(str::to_owned)
    });
    assert!(why.contains("not the pinned file") && why.contains(hash.as_str()), "{why}");
    assert_eq!(counts(&gateway, 4), [("old".to_owned(), 4)].into());
}
