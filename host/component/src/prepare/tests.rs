use super::*;
use wasmparser::{Operator, Parser, Payload, Validator};

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// Prepares it, and holds the outcome to what a compiler would.
fn prepared(text: &str) -> Vec<u8> {
    let wasm = module(text);
    let new = prepare(&wasm).unwrap().into_owned();
    Validator::new().validate_all(&new).unwrap_or_else(|why| panic!("{why}\n{text}"));
    new
}

/// The pieces and lengths of every instruction that fills or copies: how much is pushed right before it.
fn lengths(wasm: &[u8]) -> Vec<Option<i32>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload.unwrap() else { continue };
        let mut pushed = None;
        for operator in body.get_operators_reader().unwrap() {
            let operator = operator.unwrap();
            if piecewise::Bulk::of(&operator).is_some() {
                found.push(pushed);
            }
            pushed = match operator {
                Operator::I32Const { value } => Some(value),
                _ => None,
            };
        }
    }
    found
}

const EVERY: &str = r#"(module
  (import "a" "f" (func $imported (param i32)))
  (memory 4) (data $data "abc")
  (table $t 10 funcref) (table $x 10 externref)
  (elem $elem func $fill)
  (func $fill (export "fill") (param $d i32) (param $n i32)
    (memory.fill (local.get $d) (i32.const 7) (local.get $n)))
  (func (export "copy") (param i32 i32 i32) (local i64 i64) (local f32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2))
    (memory.copy (local.get 1) (local.get 0) (local.get 2)))
  (func (export "init") (param i32)
    (memory.init $data (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "tables") (param i32)
    (table.fill $t (i32.const 0) (ref.null func) (local.get 0))
    (table.fill $x (i32.const 0) (ref.null extern) (local.get 0))
    (table.copy $t $t (i32.const 0) (i32.const 1) (local.get 0))
    (table.init $t $elem (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "untouched") (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 64))
    (call $imported (local.get 0))
    (local.get 0)))"#;

#[test]
fn every_instruction_of_unknown_length_is_cut_and_the_module_stays_valid() {
    let new = prepared(EVERY);
    let lengths = lengths(&new);
    // The ones in the code stand behind a test of their length; those in the helpers have a whole piece, or what is left.
    assert!(lengths.contains(&Some(64 << 10)) && lengths.contains(&Some(4 << 10)) && lengths.contains(&Some(64)));
    assert!(lengths.iter().flatten().all(|length| *length <= 64 << 10), "{lengths:?}");
}

#[test]
fn what_is_short_for_sure_stays_as_it_is_byte_for_byte() {
    for text in [
        "(module)",
        "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))))",
        "(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 9) (i32.const 8))))",
        "(module (func (param i32) (result i32) (i32.add (local.get 0) (local.get 0))))",
    ] {
        let wasm = module(text);
        assert!(matches!(prepare(&wasm).unwrap(), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn a_length_that_is_written_down_and_long_is_cut_as_well() {
    for length in ["65537", "-1", "0x7fffffff"] {
        let text = format!("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const {length}))))");
        assert!(lengths(&prepared(&text)).contains(&Some(64 << 10)), "{length}");
    }
    // A number that comes out of a block is not one that was pushed right before.
    let text = "(module (memory 1) (func (param i32)
        (memory.fill (i32.const 0) (i32.const 0) (if (result i32) (local.get 0) (then (i32.const 1 ) ) (else (i32.const 1))))))";
    assert!(lengths(&prepared(text)).contains(&Some(64 << 10)));
}

#[test]
fn modules_of_a_component_are_prepared_wherever_they_lie() {
    let inner = "(core module $m (memory 1) (func (export \"f\") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))";
    for text in [
        format!("(component {inner})"),
        format!("(component (component {inner}) (core module (func)))"),
        format!("(component (core module (func)) (component (component {inner})) (component))"),
    ] {
        let new = prepared(&text);
        assert!(lengths(&new).contains(&Some(64 << 10)), "{text}");
    }
    let wasm = module("(component (core module (func)) (component))");
    assert!(matches!(prepare(&wasm).unwrap(), Cow::Borrowed(_)));
}

#[test]
fn names_and_other_sections_of_their_own_are_kept_and_advice_about_the_code_is_not() {
    let new = prepared(
        r#"(module $it (memory 1) (@custom "mine" "kept") (@custom "metadata.code.branch_hint" "\00")
            (func $known (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))"#,
    );
    let mut names: Vec<String> = Vec::new();
    for payload in Parser::new(0).parse_all(&new) {
        if let Payload::CustomSection(custom) = payload.unwrap() {
            names.push(custom.name().to_owned());
        }
    }
    assert!(names.contains(&"mine".to_owned()) && names.contains(&"name".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("metadata.code.")), "{names:?}");
    assert!(new.windows(5).any(|bytes| bytes == b"known"));
}

#[test]
fn what_no_tool_makes_is_refused_and_not_passed_on() {
    let data: String = (0..1_001).map(|n| format!("(data $d{n} \"\")")).collect();
    let code: String =
        (0..1_001).map(|n| format!("(memory.init $d{n} (i32.const 0) (i32.const 0) (local.get 0))")).collect();
    let wasm = module(&format!("(module (memory 1) {data} (func (param i32) {code}))"));
    assert!(matches!(prepare(&wasm), Err(Unprepared::Beyond(_))));

    let mut deep = module("(component)");
    for _ in 0..70 {
        let mut outer = module("(component)");
        section_to(&mut outer, 4, &deep);
        deep = outer;
    }
    assert!(matches!(prepare(&deep), Err(Unprepared::Beyond(_))));
}

#[test]
fn whatever_is_cut_off_or_garbled_is_an_error_or_left_to_the_compiler() {
    let whole = module(EVERY);
    for end in 0..whole.len() {
        let _ = prepare(&whole[..end]);
    }
    for at in 8..whole.len() {
        for byte in [0, 0x7f, 0x80, 0xff] {
            let mut garbled = whole.clone();
            garbled[at] = byte;
            // What is valid before is valid behind, and never the other way round.
            if let Ok(new) = prepare(&garbled) {
                let valid = |wasm: &[u8]| Validator::new().validate_all(wasm).is_ok();
                assert!(!valid(&garbled) || valid(&new), "byte {at} as {byte:#x}");
            }
        }
    }
}
