use super::*;
use crate::from_text;

const POLICY: &str = r#"(module
  (import "weir:plugin/request@0.1.0" "texts" (func $texts (param i32)))
  (import "weir:plugin/counters@0.1.0" "add" (func $add (param i32 i32 i64)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32)
    (call $texts (i32.const 0)) (call $add (i32.const 0) (i32.const 0) (i64.const 1)) (i32.const 0))
  (func (export "cabi_post_weir:plugin/policy@0.1.0#on-request") (param i32)))"#;

fn of_text(text: &str, world: &str) -> Result<Direct, Indirect> {
    Direct::of(&from_text(text, world).unwrap())
}

fn exports(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::ExportSection(section) = payload.unwrap() {
            names.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
        }
    }
    names
}

#[test]
fn a_component_of_one_module_is_taken_apart() {
    let direct = of_text(POLICY, "policy-hook").unwrap();
    assert_eq!(direct.imports, ["weir:plugin/request@0.1.0#texts", "weir:plugin/counters@0.1.0#add"]);
    let hook = "weir:plugin/policy@0.1.0#on-request";
    let table = [(0, "cabi_realloc".to_owned()), (3, hook.to_owned()), (4, format!("cabi_post_{hook}"))];
    assert_eq!(direct.table, table);
    let driver = exports(&direct.driver);
    for name in ["table", "policy", "weir:plugin/request@0.1.0#texts", "weir:plugin/counters@0.1.0#add"] {
        assert!(driver.iter().any(|export| export == name), "{name} is not in {driver:?}");
    }
    assert!(exports(&direct.guest).iter().any(|export| export == hook));
}

#[test]
fn every_driver_that_can_be_asked_for_is_a_valid_module() {
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    text += "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)\n";
    let hooks = [
        ("lifecycle", "init", "i32 i32", "i32"),
        ("policy", "on-request", "i32 i32", "i32"),
        ("router", "route", "i32 i32 i32 i32", "i32"),
        ("upstream-request", "on-attempt", "i32 i32 i32", "i32"),
        ("response", "on-response", "i32 i32 i32", "i32"),
        ("event", "on-events", "i32 i32 i32 i32 i32", "i32"),
        ("observe", "on-finished", "i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64 i64", ""),
    ];
    for (interface, function, params, result) in hooks {
        let name = format!("weir:plugin/{interface}@0.1.0#{function}");
        text += &format!("(func (export \"{name}\") (param {params}) (result {result}) unreachable)\n");
    }
    let direct = of_text(&(text + ")"), "plugin").unwrap();
    wasmparser::Validator::new().validate_all(&direct.driver).unwrap();
    for (interface, ..) in hooks {
        assert!(exports(&direct.driver).iter().any(|export| export == interface), "{interface}");
    }
}

#[test]
fn what_only_the_component_layer_offers_stays_with_it() {
    let start = POLICY.replace("(memory (export", "(func $go) (start $go) (memory (export");
    assert_eq!(of_text(&start, "policy-hook"), Err(Indirect::Module("runs code when it is made")));
    let params = "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32";
    let callout = format!("(import \"weir:plugin/callouts@0.1.0\" \"send\" (func (param {params}))) (memory (export");
    let callout = POLICY.replace("(memory (export", &callout);
    let refused = of_text(&callout, "policy-hook");
    assert_eq!(refused, Err(Indirect::Import("weir:plugin/callouts@0.1.0 send".to_owned())));
}

#[test]
fn what_a_reactor_prepares_is_prepared_by_the_driver() {
    let reactor = POLICY.replace("(memory (export", "(func (export \"_initialize\")) (memory (export");
    let direct = of_text(&reactor, "policy-hook").unwrap();
    assert!(direct.table.contains(&(15, "_initialize".to_owned())), "{:?}", direct.table);
    assert!(exports(&direct.driver).iter().any(|export| export == "_initialize"));
}

#[test]
fn what_is_no_component_is_told_apart() {
    assert!(matches!(Direct::of(b"\0asm"), Err(Indirect::Malformed(_))));
    assert!(matches!(Direct::of(&wat::parse_str("(module)").unwrap()), Err(Indirect::Wiring(_))));
}

#[test]
fn a_component_that_joins_names_to_others_stays_whole() {
    // The two imports of the module change places, which only its own names tell.
    let component = from_text(POLICY, "policy-hook").unwrap();
    let module = Direct::of(&component).unwrap().guest;
    let at = component.windows(module.len()).position(|bytes| bytes == module).unwrap();
    let inside = module.windows(5).position(|bytes| bytes == b"texts").unwrap();
    let mut other = component.clone();
    other[at + inside..at + inside + 5].copy_from_slice(b"model");
    assert!(matches!(Direct::of(&other), Err(Indirect::Wiring(_))));
}

#[test]
fn a_component_whose_strings_are_no_utf_8_stays_whole() {
    use wit_component::StringEncoding::{CompactUTF16, UTF8, UTF16};
    let of = |coding| Direct::of(&crate::text::encode(POLICY, "policy-hook", coding).unwrap());
    assert!(of(UTF8).is_ok());
    for coding in [UTF16, CompactUTF16] {
        assert_eq!(of(coding), Err(Indirect::Wiring("its strings are not UTF-8")), "{coding:?}");
    }
}

/// A policy of two imports that both need its memory, with bytes that stand there once put in the place of others.
fn with_other_bytes(from: &[u8], to: &[u8]) -> Result<Direct, Indirect> {
    let two = POLICY.replace(
        "\"weir:plugin/counters@0.1.0\" \"add\" (func $add (param i32 i32 i64))",
        "\"weir:plugin/request@0.1.0\" \"model\" (func $add (param i32))",
    );
    let two = two.replace("(call $add (i32.const 0) (i32.const 0) (i64.const 1))", "(call $add (i32.const 0))");
    let mut component = from_text(&two, "policy-hook").unwrap();
    assert!(Direct::of(&component).is_ok());
    let mut found = component.windows(from.len()).enumerate().filter(|(_, bytes)| *bytes == from).map(|(at, _)| at);
    let at = found.next_back().unwrap_or_else(|| panic!("{from:02x?} is not there"));
    component[at..at + to.len()].copy_from_slice(to);
    Direct::of(&component)
}

#[test]
fn a_shim_or_a_fixup_that_joins_others_keeps_a_component_whole() {
    // `local.get 0; i32.const 1; call_indirect` of the second stub.
    let other_place = with_other_bytes(&[0x20, 0, 0x41, 1, 0x11], &[0x20, 0, 0x41, 0, 0x11]);
    assert_eq!(other_place, Err(Indirect::Wiring("its shim does something else")));
    // From the first place on, two functions: 0 and 1.
    let crossed = with_other_bytes(&[0x41, 0, 0x0b, 2, 0, 1], &[0x41, 0, 0x0b, 2, 1, 0]);
    assert_eq!(crossed, Err(Indirect::Wiring("an import has another name inside")));
    let elsewhere = with_other_bytes(&[0x41, 0, 0x0b, 2, 0, 1], &[0x41, 1, 0x0b, 2, 0, 1]);
    assert_eq!(elsewhere, Err(Indirect::Wiring("its fixup fills otherwise")));
}

#[test]
fn a_component_inside_that_gives_another_name_keeps_it_whole() {
    let renamed = with_other_bytes(b"\x16import-func-on-request", b"\x16import-func-on-reqxest");
    assert!(matches!(renamed, Err(Indirect::Wiring(_))), "{renamed:?}");
}

#[test]
fn a_component_whose_strings_are_in_another_memory_stays_whole() {
    let two = POLICY
        .replace("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1) (memory (export \"memorz\") 1)");
    let mut component = from_text(&two, "policy-hook").unwrap();
    assert!(Direct::of(&component).is_ok());
    // As an alias: a core memory, exported by a core instance.
    let is_alias = |bytes: &[u8]| bytes[..3] == [0, 2, 1] && bytes[4..] == *b"\x06memory";
    let found = component.windows(11).position(is_alias).unwrap();
    component[found + 10] = b'z';
    assert_eq!(Direct::of(&component), Err(Indirect::Wiring("strings are in another memory")));
}

#[test]
fn whatever_byte_of_a_component_is_another_one_it_is_taken_apart_or_not() {
    let component = from_text(POLICY, "policy-hook").unwrap();
    let mut direct = 0;
    for at in 0..component.len() {
        for with in [1, 0x80, 0xff] {
            let mut other = component.clone();
            other[at] ^= with;
            direct += usize::from(Direct::of(&other).is_ok());
        }
    }
    // Most bytes are the module's own code and names of sections that nobody reads.
    assert!(direct > 0 && direct < component.len() * 3, "{direct}");
}
