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
/// The same of a text.
fn judge(schema: impl AsRef<[u8]>, settings: &Value) -> Result<(), LoadError> {
    super::judge(schema.as_ref(), settings)
}

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn a_schema_is_found_in_a_component_and_in_a_module_of_it() {
    let own = custom(SECTION, SCHEMA.as_bytes());
    let module = [MODULE, &custom("name", b"x"), &own].concat();
    let nested = [COMPONENT, &section(7, b"abc"), &section(1, &module)].concat();
    for wasm in [[COMPONENT, &custom("producers", b"x"), &own].concat(), nested.clone(), module] {
        assert_eq!(embedded(&wasm), Some(SCHEMA.as_bytes()));
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
}

#[test]
fn a_schema_that_is_no_text_is_a_bad_one_and_not_none() {
    for broken in [&b"\xff"[..], b"{\"title\": \"\xff\"}", b"{}\xff", b""] {
        let wasm = [COMPONENT, &custom(SECTION, broken)].concat();
        let found = embedded(&wasm).unwrap();
        assert!(matches!(check(found, &Value::Null), Err(LoadError::BadSchema(_))), "{broken:?}");
    }
}

#[test]
fn what_does_not_fit_is_named_by_its_place_and_never_by_its_value() {
    assert!(judge(SCHEMA, &json!({"deny": ["a"]})).is_ok());
    let wrong = |settings: Value| judge(SCHEMA, &settings).unwrap_err().to_string();
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
        assert!(matches!(judge(bad, &json!({})), Err(LoadError::BadSchema(_))), "{bad}");
    }
}

/// Nine levels of ten branches each, of which every one leads to all of the next level: a thousand million in all.
fn bomb(word: &str) -> Value {
    let level = |n: usize| match n {
        9 => json!({"type": "string"}),
        n => json!({word: vec![json!({"$ref": format!("#/$defs/l{}", n + 1)}); 10]}),
    };
    let levels: serde_json::Map<String, Value> = (0..10).map(|n| (format!("l{n}"), level(n))).collect();
    json!({"$ref": "#/$defs/l0", "$defs": levels})
}

fn refused(schema: &Value, settings: &Value) -> String {
    match judge(schema.to_string(), settings) {
        Err(LoadError::BadSchema(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_schema_that_asks_for_more_than_there_is_is_refused_before_anything_is_made_of_it() {
    for word in ["anyOf", "allOf", "oneOf"] {
        assert!(refused(&bomb(word), &json!({})).contains("parts"), "{word}");
        // Where no value of the settings leads, too, and beside what asks all of them once more.
        let mut beside = bomb(word);
        beside["unevaluatedProperties"] = json!(false);
        let inner = beside.as_object_mut().unwrap().remove("$ref").unwrap();
        beside["properties"] = json!({"absent": {"$ref": inner}});
        assert!(refused(&beside, &json!({})).contains("parts"), "{word}");
    }
    // Each level of the settings doubles the steps.
    let tree =
        json!({"anyOf": [{"properties": {"a": {"$ref": "#"}, "b": false}}, {"properties": {"a": {"$ref": "#"}}}]});
    let deep = (0..60).fold(json!({"b": 1}), |inner, _| json!({"a": inner}));
    assert!(judge(tree.to_string(), &json!({"a": {"a": {}}})).is_ok());
    let many = json!({"anyOf": vec![json!({"properties": {"a": {"$ref": "#"}}}); 20]});
    let few = (0..5).fold(json!({}), |inner, _| json!({"a": inner}));
    assert!(refused(&many, &few).contains("steps"));
    assert!(refused(&tree, &deep).contains("steps"));
}

#[test]
fn a_schema_that_comes_back_to_itself_without_going_deeper_is_refused() {
    let ring =
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}});
    assert!(refused(&ring, &json!({})).contains("refers to itself"));
    let links: serde_json::Map<String, Value> =
        (0..2_000).map(|n| (format!("l{n}"), json!({"$ref": format!("#/$defs/l{}", n + 1)}))).collect();
    let chain = json!({"$ref": "#/$defs/l0", "$defs": links});
    assert!(refused(&chain, &json!({})).contains("in a row"));
    let nested = (0..100).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(refused(&nested, &json!({})).contains("deep"));
    for elsewhere in ["other.json#/a", "#/nowhere", "#nowhere", "#/%zz", "http://json-schema.org/draft-07/schema#"] {
        assert!(refused(&json!({"$ref": elsewhere}), &json!({})).contains("leads to no place"), "{elsewhere}");
    }
}

#[test]
fn lists_patterns_and_texts_of_a_schema_have_their_bounds() {
    let wide = json!({"items": {"enum": (0..9_000).collect::<Vec<_>>()}});
    let list = Value::from((0..9_000).collect::<Vec<_>>());
    assert!(refused(&json!({"properties": {"l": wide}}), &json!({"l": list})).contains("steps"));
    assert!(refused(&json!({"enum": (0..20_000).collect::<Vec<_>>()}), &json!({})).contains("values"));
    let looking = json!({"additionalProperties": {"pattern": "^(?=(a+)+$)"}});
    let texts: serde_json::Map<String, Value> = (0..100).map(|n| (n.to_string(), json!("aaaaaaaaaaaaaaaa!"))).collect();
    assert!(refused(&looking, &Value::Object(texts)).contains("steps"));
    let patterns: serde_json::Map<String, Value> = (0..100).map(|n| (format!("^{n}$"), json!({}))).collect();
    assert!(refused(&json!({"patternProperties": patterns}), &json!({})).contains("patterns"));
    assert!(refused(&json!({"title": "x".repeat(2 << 20)}), &json!({})).contains("MiB"));
    // Patterns that others would try for ever end at once, and what is said of them is of bounded length.
    let slow = json!({"properties": {"a": {"pattern": "^(a+)+$"}}});
    let long = json!({"a": format!("{}!", "a".repeat(10_000))});
    let said = judge(slow.to_string(), &long).unwrap_err().to_string();
    assert!(said.contains("config.a: ") && said.len() < 1_000, "{said}");
    let said = judge(json!({"required": ["r".repeat(100_000)]}).to_string(), &json!({})).unwrap_err().to_string();
    assert!(said.len() < 1_000, "{}", said.len());
}

#[test]
fn schemas_as_people_write_them_have_room() {
    let tree = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/tree.json",
        "$ref": "https://example.org/tree.json#/$defs/no%64e",
        "$defs": {
            "node": {
                "$anchor": "node",
                "type": "object",
                "properties": {"name": {"type": "string", "pattern": "^\\w{1,64}$"}, "inner": {"items": {"$ref": "#node"}}},
                "additionalProperties": false
            }
        }
    });
    let grown = (0..20).fold(json!({"name": "leaf"}), |inner, _| json!({"name": "n", "inner": [inner, {"name": "m"}]}));
    assert!(judge(tree.to_string(), &grown).is_ok());
    assert!(matches!(judge(tree.to_string(), &json!({"inner": [{"nmae": 1}]})), Err(LoadError::Schema(_))));
    let phrases: Vec<String> = (0..100_000).map(|n| format!("phrase number {n}")).collect();
    let settings = json!({"deny": phrases, "key": "a key that is long enough"});
    assert!(judge(SCHEMA, &settings).is_ok());
    // The places are named as long as that is cheap.
    let mut many = settings;
    many["deny"][99_999] = json!(7);
    assert!(matches!(judge(SCHEMA, &many), Err(LoadError::Schema(_))));
    for dialect in ["http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"] {
        let old = json!({"$schema": dialect, "definitions": {"n": {"minimum": 1}}, "properties": {"n": {"$ref": "#/definitions/n"}}});
        assert!(judge(old.to_string(), &json!({"n": 1})).is_ok());
        assert!(judge(old.to_string(), &json!({"n": 0})).is_err());
    }
}
