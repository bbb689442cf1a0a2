use super::*;
use serde_json::json;

const SCHEMA: &str = r#"{"type":"object","required":["deny"],"additionalProperties":false,
    "properties":{"deny":{"type":"array","items":{"type":"string"},"minItems":1},"key":{"type":"string","minLength":20}}}"#;

/// A section: its number, its length, its content.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![id];
    let mut size = content.len();
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    out.extend_from_slice(content);
    out
}

fn custom(name: &str, text: &[u8]) -> Vec<u8> {
    section(0, &[&[name.len() as u8], name.as_bytes(), text].concat())
}

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn a_schema_is_found_in_a_component_and_in_a_module_of_it() {
    let own = custom(SECTION, SCHEMA.as_bytes());
    let module = [MODULE, &custom("name", b"x"), &own].concat();
    let nested = [COMPONENT, &section(7, b"abc"), &section(1, &module)].concat();
    for wasm in [[COMPONENT, &custom("producers", b"x"), &own].concat(), nested.clone(), module] {
        assert_eq!(embedded(&wasm), Some(SCHEMA));
    }
    let deep = (0..9).fold(nested, |inner, _| [COMPONENT, &section(4, &inner)].concat());
    assert_eq!(embedded(&deep), None);
}

#[test]
fn broken_files_have_no_schema() {
    let whole = [COMPONENT, &custom(SECTION, SCHEMA.as_bytes())].concat();
    for end in 0..whole.len() {
        assert_eq!(embedded(&whole[..end]), None, "{end}");
    }
    assert_eq!(embedded(&[COMPONENT, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 1]].concat()), None);
    assert_eq!(embedded(&[COMPONENT, &custom(SECTION, b"\xff")].concat()), None);
}

#[test]
fn what_does_not_fit_is_named_by_its_place_and_never_by_its_value() {
    assert!(check(SCHEMA, &json!({"deny": ["a"]})).is_ok());
    let wrong = |settings: Value| check(SCHEMA, &settings).unwrap_err().to_string();
    assert!(wrong(json!({})).contains("config: ") && wrong(json!({})).contains("deny"));
    assert!(wrong(json!({"deny": ["a", 7]})).contains("config.deny.1: "));
    assert!(wrong(json!({"deny": ["a"], "dney": 1})).contains("dney"));
    let secret = wrong(json!({"deny": ["a"], "key": "hunter2"}));
    assert!(secret.contains("config.key: ") && !secret.contains("hunter2"), "{secret}");
    let many = wrong(json!({"deny": [1, 2, 3, 4, 5, 6, 7, 8, 9]}));
    assert_eq!(many.matches("config.deny").count(), PROBLEMS);
}

#[test]
fn a_schema_that_is_none_is_the_plugins_fault_and_said_so() {
    for bad in ["", "{", r#"{"type":"nonsense"}"#, r#"{"$ref":"https://example.com/schema.json"}"#] {
        assert!(matches!(check(bad, &json!({})), Err(LoadError::BadSchema(_))), "{bad}");
    }
}
