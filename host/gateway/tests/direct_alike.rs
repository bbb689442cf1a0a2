//! A plugin decides the same whether it is called directly or as a component, whatever its component says of how strings are
//! coded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod guest;
#[path = "../../sandbox/tests/ways/rewire.rs"]
#[allow(dead_code)]
mod rewire;
mod support;

use guest::{Guest, install};
use rewire::{read, rewire};
use support::upstream::Upstream;
use support::{ACME, Gateway, chat, config, post};

/// Refuses with the tenant's name as it was told.
fn echo() -> Vec<u8> {
    let tenant = "(call $request.tenant (global.get $ret))";
    let told = "(i32.load (global.get $ret)) (i32.load (i32.add (global.get $ret) (i32.const 4)))";
    Guest::on("policy", &format!(r#"{tenant} (call $refuse (i32.const 451) @"told" {told})"#)).build()
}

/// What a client is told by a gateway that calls plugins in this way.
fn told(component: &[u8], direct: bool) -> String {
    let upstream = Upstream::chat();
    let plugins = format!("[plugins]\ndirect = {direct}\n[[plugins.chain]]\nplugin = \"echo\"\n");
    let config = format!("{}\n{plugins}", config(upstream.address));
    let gateway = Gateway::start_with(&config, |folder| install(folder, "echo", component));
    let reply = post(gateway.address, ACME, &chat("hi"));
    format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))
}

#[test]
fn a_plugin_decides_alike_directly_and_as_a_component_whatever_its_strings_are_coded_in() {
    let plain = echo();
    assert!(told(&plain, true).contains("\"acme\""), "{}", told(&plain, true));
    for change in ["coding:0=utf8", "coding:0=utf16", "coding:0=latin1", "coding:1=utf16", "coding:1=latin1"] {
        let other = rewire(&plain, &[read(change)]);
        assert_eq!(told(&other, true), told(&other, false), "{change}");
    }
}
