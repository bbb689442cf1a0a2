//! The attackers are what their files say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use weir_pack::{component_from_wat, hostile, hostiles, shape};

#[test]
fn every_attacker_makes_a_component_of_its_world() {
    let names = hostiles().unwrap();
    assert!(names.len() >= 31, "{names:?}");
    for name in names {
        let component = hostile(&name).unwrap_or_else(|error| panic!("{error:#}"));
        let shape = shape::of(&component).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let hook = match name.as_str() {
            "event-loop" | "hold-forever" | "wrong-edits" => "event",
            "router-liar" | "router-plan" => "router",
            "slow-observer" | "spinning-observer" => "observe",
            _ => "policy",
        };
        assert!(shape.exports.iter().any(|export| export == hook), "{name} exports {:?}", shape.exports);
        assert_eq!(shape.exports.contains(&"lifecycle".to_owned()), name.ends_with("-init"), "{name}");
    }
}

#[test]
fn a_component_imports_only_what_its_module_does() {
    assert_eq!(shape::of(&hostile("good").unwrap()).unwrap().imports, ["request"]);
    assert_eq!(shape::of(&hostile("host-call-flood").unwrap()).unwrap().imports, ["log", "request"]);
    assert!(shape::of(&hostile("trap").unwrap()).unwrap().imports.is_empty());
}

#[test]
fn a_module_that_does_not_fit_its_world_is_refused() {
    let error = component_from_wat("(module)", "policy-hook").unwrap_err();
    assert!(format!("{error:#}").contains("on-request"), "{error:#}");
    assert!(component_from_wat("(module", "policy-hook").is_err());
    assert!(format!("{:#}", component_from_wat("(module)", "no-hook").unwrap_err()).contains("no such world: no-hook"));
    assert!(hostile("nobody").is_err());
}

#[test]
fn what_is_not_of_the_contract_is_no_import_of_a_plugin() {
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#;
    let error = shape::of(&wat::parse_str(wasi).unwrap()).unwrap_err();
    assert!(format!("{error:#}").contains("wasi:cli/environment@0.2.0"), "{error:#}");
    assert!(shape::of(&wat::parse_str("(module)").unwrap()).is_err());
}
