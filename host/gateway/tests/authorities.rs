//! Certificate authorities of providers and of callouts: what stands in a file counts, whenever it is read.

use crate::guest;
use crate::support;

use crate::guest::calling::{ask, settings, telling, told};
use crate::support::tls::{Authority, Rules, fixed};
use crate::support::upstream::{CHAT, ok};
use crate::support::{ACME, Gateway, chat, config_with, post, until};
use std::fs;
use std::net::SocketAddr;

fn answers(authority: &Authority) -> SocketAddr {
    fixed(support::tls::config(authority, &Rules::default()), ok("application/json", CHAT))
}

/// A gateway that looks at files only when it is told to, whose provider trusts what stands in `ca.pem`.
fn gateway(address: SocketAddr, pem: &str) -> (Gateway, String) {
    let config = config_with(address, "retries = 0\nca_file = \"ca.pem\"", "[plugins]\nreload = false\n");
    let config = config.replace("http://", "https://");
    let gateway = Gateway::start_with(&config, |plugins| fs::write(plugins.join("../ca.pem"), pem).unwrap());
    (gateway, config)
}

fn replace(gateway: &Gateway, pem: &str) {
    let (new, file) = (gateway.folder.path().join("ca.new"), gateway.folder.path().join("ca.pem"));
    fs::write(&new, pem).unwrap();
    fs::rename(new, file).unwrap();
}

fn status(gateway: &Gateway) -> u16 {
    post(gateway.address, ACME, &chat("hi")).status
}

#[test]
fn a_replaced_file_is_trusted_after_a_hangup_signal() {
    let (old, new) = (Authority::new(), Authority::new());
    let (gateway, _) = gateway(answers(&new), &old.pem());
    assert_eq!(status(&gateway), 502);
    replace(&gateway, &new.pem());
    gateway.signal("HUP");
    until("the new authority is trusted", || (status(&gateway) == 200).then_some(()));
    until("the log says so", || {
        gateway.log().contains("providers.up.ca_file: what stands in it changed").then_some(())
    });
    // And the other way round: who is no longer trusted gets no further request, on no connection that is still open.
    replace(&gateway, &old.pem());
    gateway.signal("HUP");
    until("the new one is no longer trusted", || (status(&gateway) == 502).then_some(()));
}

#[test]
fn a_replaced_file_is_trusted_after_a_reload_for_another_reason() {
    let (old, new) = (Authority::new(), Authority::new());
    let (gateway, config) = gateway(answers(&new), &old.pem());
    replace(&gateway, &format!("{}{}", old.pem(), new.pem()));
    gateway.write_config(&config.replace("retries = 0", "retries = 1"));
    gateway.signal("HUP");
    until("the new authority is trusted", || (status(&gateway) == 200).then_some(()));
}

#[test]
fn a_file_that_is_touched_and_says_the_same_keeps_every_connection() {
    let authority = Authority::new();
    let (gateway, _) = gateway(answers(&authority), &authority.pem());
    until("both workers have a connection", || {
        assert_eq!(status(&gateway), 200);
        (gateway.metric("weir_upstream_connections_idle", &[]) == 2.0).then_some(())
    });
    replace(&gateway, &authority.pem());
    gateway.signal("HUP");
    let refused = |gateway: &Gateway| gateway.ready()["reloads"]["refused"].as_u64().unwrap();
    // A reload that is refused tells that the one before is over.
    let before = refused(&gateway);
    replace(&gateway, "no certificate");
    gateway.signal("HUP");
    until("a reload was refused", || (refused(&gateway) > before).then_some(()));
    assert_eq!(status(&gateway), 200);
    soon_eq!(gateway.metric("weir_upstream_connections_opened_total", &[]), 2.0);
}

#[test]
fn a_file_that_holds_no_certificate_leaves_the_old_one_and_is_said_until_it_is_mended() {
    let authority = Authority::new();
    let (gateway, _) = gateway(answers(&authority), &authority.pem());
    assert_eq!(status(&gateway), 200);
    let whole = authority.pem();
    for broken in ["", "no certificate", &whole[..whole.len() / 2]] {
        replace(&gateway, broken);
        gateway.signal("HUP");
        let problems = || gateway.ready()["problems"].to_string();
        until("it is said", || problems().contains("ca.pem").then_some(()));
        assert_eq!(status(&gateway), 200);
        replace(&gateway, &whole);
        gateway.signal("HUP");
        until("it is mended", || (problems() == "[]").then_some(()));
        assert_eq!(status(&gateway), 200);
    }
}

#[test]
fn a_replaced_file_of_callouts_is_trusted_as_well() {
    let (old, new) = (Authority::new(), Authority::new());
    let service = answers(&new);
    let origin = format!("https://localhost:{}", service.port());
    let settings = settings(&[&origin], "private = true, ca_file = \"ca.pem\"");
    let bound = [("caller", &telling(), settings.as_str())];
    let upstream = support::upstream::Upstream::chat();
    let chain = guest::chain(&bound).replace("[plugins]\n", "[plugins]\nreload = false\n");
    let config = format!("{}\n{chain}", support::config(upstream.address));
    let gateway = Gateway::start_with(&config, |plugins| {
        fs::write(plugins.join("../ca.pem"), old.pem()).unwrap();
        bound.iter().for_each(|(name, guest, _)| guest::install(plugins, name, &guest.build()));
    });
    let outcome = || told(&ask(&gateway, &origin, &[], "hi")).0;
    assert_eq!(outcome(), "failed");
    replace(&gateway, &new.pem());
    gateway.signal("HUP");
    until("the new authority is trusted", || (outcome() == "answered").then_some(()));
}
