use super::*;
use wasm_encoder::{Component, CustomSection, ProducersField, ProducersSection};

fn component() -> Vec<u8> {
    let mut component = Component::new();
    let module = wat::parse_str(r#"(module (memory 1) (data (i32.const 0) "0123456789") (func nop))"#).unwrap();
    component.section(&wasm_encoder::RawSection { id: 1, data: &module });
    component.section(&CustomSection { name: SCHEMA.into(), data: br#"{"type":"object"}"#.as_slice().into() });
    let mut made = ProducersField::new();
    made.value("weir", "0.1.0");
    let mut producers = ProducersSection::new();
    producers.field("processed-by", &made);
    component.section(&producers);
    component.finish()
}

#[test]
fn every_byte_is_of_a_kind() {
    let wasm = component();
    let anatomy = Anatomy::of(&wasm).unwrap();
    assert_eq!(anatomy.kinds.iter().map(|(_, bytes)| bytes).sum::<usize>(), wasm.len());
    assert_eq!(anatomy.modules, 1);
    let kinds: Vec<&str> = anatomy.kinds.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in ["code", "data", "custom: weir:settings-schema", "custom: producers"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn the_schema_and_what_it_was_made_with_are_found() {
    let anatomy = Anatomy::of(&component()).unwrap();
    assert_eq!(anatomy.schema.as_deref(), Some(r#"{"type":"object"}"#));
    let tool = |t: &Tool| (t.field.clone(), t.name.clone(), t.version.clone());
    assert_eq!(
        anatomy.producers.iter().map(tool).collect::<Vec<_>>(),
        [("processed-by".to_owned(), "weir".to_owned(), "0.1.0".to_owned())]
    );
}

#[test]
fn what_is_cut_off_is_no_component() {
    let wasm = component();
    assert!(Anatomy::of(&wasm[..wasm.len() - 3]).is_err());
}
