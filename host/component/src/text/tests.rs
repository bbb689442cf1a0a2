use super::*;

const PASS: &str = r#";; world: policy-hook
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32) (i32.const 0)))"#;

#[test]
fn the_first_line_names_the_world() {
    assert_eq!(world_of(PASS), Some("policy-hook"));
    assert_eq!(world_of("(module)"), None);
    assert!(from_text(PASS, world_of(PASS).unwrap()).unwrap().starts_with(b"\0asm"));
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let refused = |text: &str, world: &str| from_text(text, world).unwrap_err().to_string();
    assert!(refused("(module", "policy-hook").starts_with("the module's text does not parse"));
    assert!(refused("(module)", "policy-hook").contains("on-request"));
    let unknown = refused("(module)", "no-hook");
    assert!(unknown.contains("no such world: no-hook") && unknown.contains("policy-hook"), "{unknown}");
}
