//! Signed plugins: who may vouch for a file, and what becomes of one for which nobody does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;
mod support;

use guest::{Guest, chain, install};
use std::fs;
use std::path::Path;
use support::upstream::Upstream;
use support::{ACME, Gateway, chat, config, post, until};
use weir_sandbox::signature::SecretKey;

fn version(code: &str) -> Vec<u8> {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"said")"#)).build()
}

/// A plugin's file and the signature beside it.
fn install_signed(folder: &Path, wasm: &[u8], key: &SecretKey) {
    fs::write(folder.join("it.wasm.sig"), key.sign(wasm)).unwrap();
    install(folder, "it", wasm);
}

/// A gateway that trusts this key, with the first version signed by `signer`.
fn gateway(trusted: &SecretKey, signer: &SecretKey, require: bool) -> Gateway {
    let upstream = Upstream::chat();
    let bindings = chain(&[("it", &Guest::default(), "")]);
    let keys = format!("[plugins]\nrequire_signature = {require}\nkeys = [\"{}\"]", trusted.public());
    let config = format!("{}{}", config(upstream.address), bindings.replacen("[plugins]", &keys, 1));
    Gateway::start_with(&config, |folder| install_signed(folder, &version("one"), signer))
}

fn code(gateway: &Gateway) -> String {
    post(gateway.address, ACME, &chat("hi")).code()
}

fn problem(gateway: &Gateway) -> String {
    until("the problem is told", || Some(gateway.ready()["problems"].as_array()?.first()?.as_str()?.to_owned()))
}

#[test]
fn only_what_a_trusted_key_signed_goes_live_and_the_last_good_version_serves_on() {
    let (own, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let gateway = gateway(&own, &own, true);
    assert_eq!(code(&gateway), "one");
    // Not of this file: only the plugin was changed.
    install(&gateway.plugins(), "it", &version("two"));
    assert!(problem(&gateway).contains("changed after it was signed"), "{}", problem(&gateway));
    assert_eq!(code(&gateway), "one");
    install_signed(&gateway.plugins(), &version("two"), &other);
    until("the strange key is told", || problem(&gateway).contains("not among the trusted keys").then_some(()));
    assert_eq!(code(&gateway), "one");
    fs::remove_file(gateway.plugins().join("it.wasm.sig")).unwrap();
    until("the missing signature is told", || problem(&gateway).contains("there is no signature").then_some(()));
    install_signed(&gateway.plugins(), &version("two"), &own);
    until("the signed version serves", || (code(&gateway) == "two").then_some(()));
}

#[test]
fn where_none_is_required_a_signature_that_is_there_must_hold() {
    let (own, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let gateway = gateway(&own, &own, false);
    fs::remove_file(gateway.plugins().join("it.wasm.sig")).unwrap();
    install(&gateway.plugins(), "it", &version("two"));
    until("the unsigned version serves", || (code(&gateway) == "two").then_some(()));
    install_signed(&gateway.plugins(), &version("three"), &other);
    assert!(problem(&gateway).contains("not among the trusted keys"));
    assert_eq!(code(&gateway), "two");
}
