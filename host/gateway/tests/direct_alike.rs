//! A plugin decides the same whether it is called directly or as a component, whatever its component says of how strings are
//! coded.

#[path = "../../sandbox/tests/ways/rewire.rs"]
#[allow(dead_code)]
mod rewire;

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post};
use rewire::{read, rewire};

/// Refuses with the tenant's name as it was told.
fn echo() -> Vec<u8> {
    let tenant = "(call $request.tenant (global.get $ret))";
    let told = "(i32.load (global.get $ret)) (i32.load (i32.add (global.get $ret) (i32.const 4)))";
    Guest::on("policy", &format!(r#"{tenant} (call $refuse (i32.const 451) @"told" {told})"#)).build()
}

/// What a client is told by a gateway that calls plugins in this way, when it asks the second time: the same instance.
fn told(component: &[u8], direct: bool) -> String {
    let upstream = Upstream::chat();
    let plugins = format!("[plugins]\ndirect = {direct}\n[[plugins.chain]]\nplugin = \"echo\"\n");
    let config = format!("{}\n{plugins}", config(upstream.address).replace("workers = 2", "workers = 1"));
    let gateway = Gateway::start_with(&config, |folder| install(folder, "echo", component));
    post(gateway.address, ACME, &chat("hi"));
    let reply = post(gateway.address, ACME, &chat("hi"));
    format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))
}

/// Says who cleaned up after its last answer, and who made room for what it is told: all of them are there twice.
fn telling_who() -> Vec<u8> {
    let body = "(call $request.tenant (global.get $ret)) (call $say (global.get $who))";
    let others = r#"(global $who (mut i32) (i32.const 0))
        (func (export "cabi_pozt_weir:plugin/policy@0.1.0#on-request") (param i32)
          (global.set $free (i32.const 65536))
          (global.set $who (i32.or (global.get $who) (i32.const 4))))
        (func (export "cabi_realloz") (param i32 i32 i32 i32) (result i32)
          (global.set $who (i32.or (global.get $who) (i32.const 2)))
          (call $alloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"#;
    Guest::on("policy", body).with(others).build()
}

#[test]
fn whoever_a_component_names_for_cleaning_up_and_for_making_room_is_called_either_way() {
    let plain = telling_who();
    for (changes, said) in [(&[][..], "0"), (&["alias:1"], "4"), (&["alias:0"], "2"), (&["alias:0", "alias:1"], "6")] {
        let changes: Vec<_> = changes.iter().map(|change| read(change)).collect();
        let component = rewire(&plain, &changes);
        for direct in [true, false] {
            let told = told(&component, direct);
            assert!(told.contains(&format!("\"message\":\"{said}\"")), "{changes:?}, direct = {direct}: {told}");
        }
    }
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

/// Bodies of a policy that want something of the last bytes of their memory, and of what comes behind.
const AT_THE_END: [(&str, &str); 6] = [
    ("an answer of which the end is missing", "(i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4))"),
    ("an answer that is all there", "(i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 24))"),
    ("an answer of which a half is missing", "(i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 12))"),
    (
        "no value, and no room for one",
        r#"(call $request.header @"none" (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4))) (call $pass)"#,
    ),
    (
        "success, and no room for a reason",
        r#"(call $request.remove-header @"none" (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))) (call $pass)"#,
    ),
    (
        "no value, and just enough room for one",
        r#"(call $request.header @"none" (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 12))) (call $pass)"#,
    ),
];

#[test]
fn what_reaches_past_the_end_of_a_guests_memory_is_a_fault_either_way() {
    for (what, body) in AT_THE_END {
        let component = Guest::on("policy", body).build();
        let (directly, as_component) = (told(&component, true), told(&component, false));
        assert_eq!(status(&directly), status(&as_component), "{what}: {directly} and {as_component}");
        let passes = what.contains("all there") || what.contains("enough room");
        assert_eq!(status(&directly) == "200", passes, "{what}: {directly}");
    }
}

fn status(told: &str) -> &str {
    told.split(' ').next().unwrap()
}
