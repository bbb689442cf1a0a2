use super::*;
use weir_component::from_text;

fn plugin(more: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
          (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32) (i32.const 0)) {more})"#
    );
    from_text(&text, "policy-hook").unwrap()
}

fn key(wasm: &[u8], limits: &CompileLimits) -> &'static str {
    match check(wasm, limits) {
        Ok(()) => "",
        Err(LoadError::TooMuch { key, found, limit, .. }) => {
            assert!(found > limit);
            key
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_tools_make_is_within_the_defaults() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let names = ["plugins/installed/redact-pii.wasm", "plugins/examples/typescript/word-policy.wasm"];
    for name in names {
        let wasm = weir_config::file::read(&root.join(name), 64 << 20).unwrap();
        check(&wasm, &CompileLimits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn each_bound_is_reached_and_named() {
    let all = CompileLimits::default();
    let wasm = plugin("(func (local i32 i32 i32) (nop) (nop))");
    assert_eq!(key(&wasm, &all), "");
    assert_eq!(key(&wasm, &CompileLimits { modules: 0, ..all.clone() }), "modules");
    assert_eq!(key(&wasm, &CompileLimits { functions: 2, ..all.clone() }), "functions");
    assert_eq!(key(&wasm, &CompileLimits { locals: 2, ..all.clone() }), "locals");
    assert_eq!(key(&wasm, &CompileLimits { function_bytes: 3, ..all.clone() }), "function_bytes");
    assert_eq!(key(&wasm, &CompileLimits { code_bytes: 8, ..all.clone() }), "code_bytes");
    assert_eq!(key(&wasm, &CompileLimits { items: 3, ..all }), "items");
}

#[test]
fn what_is_no_component_is_said_as_before() {
    let limits = CompileLimits::default();
    assert!(matches!(check(b"", &limits), Err(LoadError::NotWasm)));
    assert!(matches!(check(b"\0asm\x01\0\0\0", &limits), Err(LoadError::CoreModule)));
    let whole = plugin("");
    assert!(matches!(check(&whole[..whole.len() / 2], &limits), Err(LoadError::Compile(_))));
}
