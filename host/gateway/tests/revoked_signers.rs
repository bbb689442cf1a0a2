//! A key that is taken out of `plugins.keys` stops what it signed, also where that is the last good version of something.

use crate::guest::signing::{Author, CHAIN, REQUIRED, trusting};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, Reply, chat, post, until};
use std::fs;

fn version(code: &str) -> Vec<u8> {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"said")"#)).build()
}

fn ask(gateway: &Gateway) -> Reply {
    post(gateway.address, ACME, &chat("hi"))
}

/// What a request comes to: its code, or nothing.
fn code(reply: &Reply) -> String {
    if reply.status == 200 { String::new() } else { reply.code() }
}

fn becomes(gateway: &Gateway, wanted: &str) -> Reply {
    until(&format!("{wanted:?}"), || Some(ask(gateway)).filter(|reply| code(reply) == wanted))
}

fn told(gateway: &Gateway, what: &str) {
    until(&format!("{what:?} is told"), || gateway.ready()["problems"].to_string().contains(what).then_some(()));
}

#[test]
fn what_a_revoked_key_signed_is_refused_by_name_until_somebody_trusted_signs_it() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let first = one.signed("it", 1, &version("one"), &[]);
    for required in [REQUIRED, ""] {
        let config = |authors: &[&Author]| trusting(&upstream, authors, required, CHAIN);
        let gateway = Gateway::start_with(&config(&[&one, &two]), |folder| first.put(folder));
        assert_eq!(code(&ask(&gateway)), "one");
        gateway.write_config(&config(&[&two]));
        let refused = becomes(&gateway, "plugin_untrusted");
        assert_eq!(refused.status, 503);
        assert!(refused.text().contains("`it`"), "{}", refused.text());
        told(&gateway, "which is not among the trusted keys");
        told(&gateway, "requests which it is bound to are refused");
        gateway.says("nobody who is trusted vouches for it any more");
        let problems = gateway.ready()["problems"].to_string();
        assert!(!problems.contains("the new configuration is refused"), "it is taken: {problems}");
        soon!(gateway.metric("weir_plugin_faults_total", &["reason=\"untrusted\""]) >= 1.0);
        // Nor does a broken file bring the last good version back.
        fs::write(gateway.plugins().join("it.wasm"), b"none").unwrap();
        told(&gateway, "it.wasm");
        assert_eq!(code(&ask(&gateway)), "plugin_untrusted");
        two.signed("it", 2, &version("two"), &[]).put(&gateway.plugins());
        becomes(&gateway, "two");
        until("nothing is wrong", || gateway.ready()["problems"].as_array().unwrap().is_empty().then_some(()));
    }
}

#[test]
fn a_key_that_comes_back_lets_serve_again_what_it_signed() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let config = |authors: &[&Author]| trusting(&upstream, authors, REQUIRED, CHAIN);
    let gateway = Gateway::start_with(&config(&[&one, &two]), |folder| {
        one.signed("it", 1, &version("one"), &[]).put(folder);
    });
    for _ in 0..2 {
        gateway.write_config(&config(&[&two]));
        becomes(&gateway, "plugin_untrusted");
        gateway.write_config(&config(&[&one, &two]));
        becomes(&gateway, "one");
    }
}

#[test]
fn what_lies_in_the_folder_is_stopped_for_those_whom_it_applies_to() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let config = |authors: &[&Author]| trusting(&upstream, authors, REQUIRED, "");
    let open = one.signed("open", 1, &version("open"), &[("toml", "on_failure = \"open\"\n")]);
    let gateway = Gateway::start_with(&config(&[&one, &two]), |folder| {
        one.signed("it", 1, &version("one"), &[]).put(&folder.join("tenants/acme"));
        open.put(&folder.join("tenants/globex"));
    });
    let globex = || code(&post(gateway.address, GLOBEX, &chat("hi")));
    assert_eq!((code(&ask(&gateway)).as_str(), globex().as_str()), ("one", "open"));
    gateway.write_config(&config(&[&two]));
    becomes(&gateway, "plugin_untrusted");
    until("what is open is passed over", || globex().is_empty().then_some(()));
    told(&gateway, "requests go on without it");
    soon_eq!(gateway.metric("weir_tenants_closed", &[]), 0.0);
}

#[test]
fn a_key_is_revoked_although_the_rest_of_the_configuration_cannot_serve() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let config = |authors: &[&Author], chain: &str| trusting(&upstream, authors, REQUIRED, chain);
    let gateway = Gateway::start_with(&config(&[&one, &two], CHAIN), |folder| {
        one.signed("it", 1, &version("one"), &[]).put(folder);
    });
    assert_eq!(code(&ask(&gateway)), "one");
    gateway.write_config(&config(&[&two], &format!("{CHAIN}\n[[plugins.chain]]\nplugin = \"nowhere\"")));
    told(&gateway, "nowhere");
    becomes(&gateway, "plugin_untrusted");
    // And it stays so, whatever is built after it.
    install(&gateway.plugins().join("tenants/acme"), "own", &version("own"));
    gateway.signal("HUP");
    gateway.says("SIGHUP: nothing new went live");
    assert_eq!(code(&ask(&gateway)), "plugin_untrusted");
}

#[test]
fn what_nobody_signed_is_stopped_once_signatures_are_required() {
    let (one, upstream) = (Author::new(), Upstream::chat());
    let gateway = Gateway::start_with(&trusting(&upstream, &[&one], "", CHAIN), |folder| {
        install(folder, "it", &version("unsigned"));
    });
    assert_eq!(code(&ask(&gateway)), "unsigned");
    gateway.write_config(&trusting(&upstream, &[&one], REQUIRED, CHAIN));
    becomes(&gateway, "plugin_untrusted");
    told(&gateway, "there is no signature");
    gateway.write_config(&trusting(&upstream, &[&one], "", CHAIN));
    becomes(&gateway, "unsigned");
}

#[test]
fn what_two_signed_goes_on_with_the_one_who_is_left() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let config = |authors: &[&Author]| trusting(&upstream, authors, REQUIRED, CHAIN);
    let gateway = Gateway::start_with(&config(&[&one, &two]), |folder| {
        one.signed("it", 1, &version("one"), &[]).put(folder);
        let theirs = two.signed("it", 1, &version("one"), &[]);
        let mut text = fs::read_to_string(folder.join("it.wasm.sig")).unwrap();
        text.push_str(String::from_utf8(theirs.bytes("wasm.sig")).unwrap().lines().last().unwrap());
        fs::write(folder.join("it.wasm.sig"), text + "\n").unwrap();
    });
    let generation = || gateway.ready()["generation"].as_u64().unwrap();
    // Also where its files are another's by now, and only the last good version is left.
    install(&gateway.plugins(), "it", &version("two"));
    told(&gateway, "changed after it was signed");
    gateway.write_config(&config(&[&two]));
    gateway.says("plugins.keys");
    install(&gateway.plugins().join("all"), "none", b"none");
    told(&gateway, "all/none.wasm");
    assert_eq!((code(&ask(&gateway)).as_str(), generation() > 0), ("one", true));
    gateway.write_config(&config(&[&Author::new()]));
    becomes(&gateway, "plugin_untrusted");
}

#[test]
fn a_new_version_beside_one_whose_key_is_revoked_has_no_trial() {
    let (one, two, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let chain = format!("{CHAIN}\ncanary = {{ percent = 1, for = \"1h\" }}");
    let config = |authors: &[&Author]| trusting(&upstream, authors, REQUIRED, &chain);
    let gateway = Gateway::start_with(&config(&[&one, &two]), |folder| {
        one.signed("it", 1, &version("one"), &[]).put(folder);
    });
    two.signed("it", 2, &version("two"), &[]).put(&gateway.plugins());
    until("a trial runs", || (gateway.metric("weir_plugin_canary_percent", &[]) == 1.0).then_some(()));
    becomes(&gateway, "one");
    gateway.write_config(&config(&[&two]));
    becomes(&gateway, "two");
    until("it serves everybody", || (0..50).all(|_| code(&ask(&gateway)) == "two").then_some(()));
}
