use super::*;

#[test]
fn interfaces_are_told_apart_by_package_and_version() {
    let wasi =
        r#"(component (import "wasi:cli/environment@0.2.0" (instance)) (import "weir:plugin/log@0.1.0" (instance)))"#;
    let border = Border::of(&wat::parse_str(wasi).unwrap()).unwrap();
    assert_eq!(border.exports, []);
    let [wasi, log] = &*border.imports else { panic!("{border:?}") };
    assert_eq!((wasi.name(), wasi.version()), (None, Some("0.2.0")));
    assert_eq!((log.name(), log.version()), (Some("log"), Some("0.1.0")));
}

#[test]
fn what_is_no_component_is_named_for_what_it_is() {
    assert!(matches!(Border::of(&wat::parse_str("(module)").unwrap()), Err(ComponentError::CoreModule)));
    assert!(matches!(Border::of(b"#!/bin/sh\n"), Err(ComponentError::NotComponent(_))));
    assert!(matches!(Border::of(b""), Err(ComponentError::NotComponent(_))));
}
