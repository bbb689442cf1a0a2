//! All text at once, as it comes to a guest: byte by byte the same whichever way it is called.

use crate::told::told;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use weir_component::Direct;
use weir_sandbox::Sandbox;

/// Refuses with all text, with what is told of its pieces as it lies in memory, and with pointers: to the last piece, and
/// whether there is one to the piece behind it.
const GUEST: &str = r#"(module
  (import "weir:plugin/request@0.1.0" "all-text" (func $all (param i32)))
  (import "weir:plugin/request@0.1.0" "piece-pointer" (func $pointer (param i32 i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 65536))
  (global $to (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $byte (param i32)
    (i32.store8 (global.get $to) (local.get 0))
    (global.set $to (i32.add (global.get $to) (i32.const 1))))
  (func $say (param $at i32) (param $length i32)
    (memory.copy (global.get $to) (local.get $at) (local.get $length))
    (global.set $to (i32.add (global.get $to) (local.get $length))))
  (func $hex (param $at i32) (param $end i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (call $byte (i32.add (i32.const 97) (i32.shr_u (i32.load8_u (local.get $at)) (i32.const 4))))
      (call $byte (i32.add (i32.const 97) (i32.and (i32.load8_u (local.get $at)) (i32.const 15))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more))))
  (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32)
    (global.set $to (i32.const 1024))
    (call $all (i32.const 128))
    (call $say (i32.load (i32.const 128)) (i32.load (i32.const 132)))
    (call $byte (i32.const 124))
    (call $hex (i32.load (i32.const 136))
      (i32.add (i32.load (i32.const 136)) (i32.mul (i32.load (i32.const 140)) (i32.const 28))))
    (call $byte (i32.const 124))
    (call $pointer (i32.sub (i32.load (i32.const 140)) (i32.const 1)) (i32.const 160))
    (if (i32.load8_u (i32.const 160)) (then (call $say (i32.load (i32.const 164)) (i32.load (i32.const 168)))))
    (call $pointer (i32.load (i32.const 140)) (i32.const 176))
    (call $byte (i32.add (i32.const 48) (i32.load8_u (i32.const 176))))
    (i32.store8 (i32.const 64) (i32.const 1))
    (i32.store16 (i32.const 68) (i32.const 400))
    (i32.store (i32.const 80) (i32.const 1024))
    (i32.store (i32.const 84) (i32.sub (global.get $to) (i32.const 1024)))
    (i32.const 64)))"#;

/// What both ways tell of this body.
fn alike(sandbox: &Arc<Sandbox>, component: &[u8], body: &Value) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directly = told(sandbox, component, &body.to_string(), true).await;
        let as_component = told(sandbox, component, &body.to_string(), false).await;
        assert_eq!(directly, as_component, "{body}");
        assert_eq!((directly.len(), &directly[0]), (3, &directly[2]), "{body}");
        directly[0].clone()
    })
}

/// Kind, role, choice, call, event, group and end, as they lie in memory, a letter for each half of a byte.
fn passage(kind: u8, role: u8, call: Option<u32>, group: u32, end: u32) -> String {
    let mut bytes = vec![kind, role, 0, 0];
    for word in [0, u32::from(call.is_some()), call.unwrap_or(0), 0, group, end] {
        bytes.extend(word.to_le_bytes());
    }
    let mut letters = String::new();
    let letter = |half: u8| char::from(b'a' + half);
    for byte in bytes {
        write!(letters, "{}{}", letter(byte >> 4), letter(byte & 15)).unwrap();
    }
    letters
}

#[test]
fn all_text_lies_where_the_canonical_abi_has_it_and_pointers_come_when_asked_for() {
    let component = weir_pack::component_from_wat(GUEST, "policy-hook").unwrap();
    assert!(Direct::of(&component).is_ok(), "{:?}", Direct::of(&component).err());
    let sandbox = Sandbox::new().unwrap();
    let body = json!({
        "messages": [
            {"role": "tool", "content": "aé"},
            {"role": "pirate", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "\n"}]},
            {"role": "assistant", "tool_calls": [{"index": 7, "function": {"arguments": "{}"}}]},
        ],
        "tools": [{"function": {"description": "d"}}],
    });
    let expected = [
        passage(2, 5, None, 0, 3),
        passage(0, 8, None, 1, 4),
        passage(0, 8, None, 1, 5),
        passage(1, 4, Some(7), 2, 7),
        passage(5, 0, None, 3, 8),
    ];
    let said = alike(&sandbox, &component, &body);
    let message = format!("{:?}", format!("aéb\n{{}}d|{}|/tools/0/function/description0", expected.concat()));
    assert!(said.contains(&message), "{said}\n{message}");
    assert!(alike(&sandbox, &component, &json!({"messages": []})).contains("\"||0\""));
}

fn body() -> impl Strategy<Value = Value> {
    let text = "[a-z é€😀\"\\\\]{0,6}";
    let content = prop_oneof![
        text.prop_map(|text| json!(text)),
        prop::collection::vec(text, 0..3)
            .prop_map(|texts| texts.iter().map(|text| json!({"type": "text", "text": text})).collect()),
        Just(Value::Null),
    ];
    let role =
        prop::sample::select(vec!["system", "developer", "user", "assistant", "tool", "function", "input", "x", ""]);
    let message = (role, content, 0..3_u32).prop_map(|(role, content, calls)| {
        let calls: Vec<Value> =
            (0..calls).map(|n| json!({"id": "x", "function": {"arguments": n.to_string()}})).collect();
        json!({"role": role, "content": content, "tool_calls": calls})
    });
    (prop::collection::vec(message, 0..4), text)
        .prop_map(|(messages, more)| json!({"messages": messages, "metadata": {more: "x"}}))
}

#[test]
fn all_text_is_told_alike_whatever_the_body() {
    let component = weir_pack::component_from_wat(GUEST, "policy-hook").unwrap();
    let sandbox = Sandbox::new().unwrap();
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(body in body())| {
        alike(&sandbox, &component, &body);
    });
}
