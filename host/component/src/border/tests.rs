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

#[test]
fn what_is_announced_and_not_there_is_refused_before_room_is_made_for_it() {
    let magic = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    // A section of 2^32 bytes, and sections of instances, types and imports with 2^28 to 2^32 entries.
    for section in [
        &[5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0][..],
        &[5, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[7, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
        &[10, 5, 0x80, 0x80, 0x80, 0x80, 0x01],
    ] {
        let error = Border::of(&[&magic[..], section].concat()).unwrap_err();
        assert!(matches!(error, ComponentError::NotComponent(_)), "{error:?}");
    }
}
