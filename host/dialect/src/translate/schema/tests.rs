use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::gemini::{LostKeywords, of_json_schema, to_json_schema};
use crate::canon::{FieldLosses, RawJson};

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn back(raw: &RawJson) -> Value {
    serde_json::from_slice(raw.bytes()).unwrap()
}

/// The schema in Google's words, and what is lost.
fn rewritten(schema: &Value) -> (Value, Vec<String>) {
    let (mut lost, mut losses) = (LostKeywords::default(), FieldLosses::default());
    let written = of_json_schema(&raw(schema), &mut lost);
    lost.name("tools.parameters", &mut losses);
    (back(&written), losses.iter().map(str::to_owned).collect())
}

#[test]
fn a_schema_of_objects_keeps_all_that_google_knows() {
    let (written, lost) = rewritten(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T", "type": "object", "additionalProperties": false,
        "properties": {
            "city": {"type": "string", "description": "Where", "minLength": 1, "examples": ["Rome"]},
            "day": {"type": ["string", "null"], "format": "date-time"},
            "kind": {"const": "fixed"},
            "unit": {"enum": ["c", "f", null]},
            "tags": {"type": "array", "items": {"type": "integer", "maximum": 9}},
            "any": {"type": "array"}
        },
        "required": ["city", "gone"]
    }));
    let due = json!({
        "type": "OBJECT", "title": "T",
        "properties": {
            "city": {"type": "STRING", "description": "Where", "minLength": 1},
            "day": {"type": "STRING", "nullable": true, "format": "date-time"},
            "kind": {"type": "STRING", "enum": ["fixed"]},
            "unit": {"type": "STRING", "nullable": true, "enum": ["c", "f"]},
            "tags": {"type": "ARRAY", "items": {"type": "INTEGER", "maximum": 9}},
            "any": {"type": "ARRAY", "items": {"type": "OBJECT"}}
        },
        "required": ["city"]
    });
    assert_eq!((written, lost), (due, Vec::new()));
}

#[test]
fn alternatives_stand_alone_and_null_among_them_is_nullable() {
    let (written, lost) = rewritten(&json!({"type": "object", "properties": {
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "D"},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer", "description": "I"}, {"type": "null"}], "description": "D",
            "default": 1},
        "several": {"type": ["string", "number"]},
        "all": {"allOf": [{"type": "string", "maxLength": 3}], "description": "A"}
    }}));
    let due = json!({"type": "OBJECT", "properties": {
        "maybe": {"type": "STRING", "nullable": true, "description": "D"},
        "either": {"anyOf": [
            {"type": "STRING", "nullable": true, "description": "D"},
            {"type": "INTEGER", "nullable": true, "description": "I"}]},
        "several": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
        "all": {"type": "STRING", "description": "A", "maxLength": 3}
    }});
    assert_eq!((written, lost), (due, Vec::new()));
}

#[test]
fn what_google_does_not_know_is_named() {
    let (written, lost) =
        rewritten(&json!({"type": "object", "patternProperties": {}, "additionalProperties": {"type": "string"},
        "properties": {"u": {"type": "string", "format": "uri"}, "n": {"enum": [1, 2], "type": "integer"},
            "r": {"$ref": "other.json"}, "t": {"type": "array", "items": [{"type": "string"}]}}}));
    assert_eq!(written["properties"]["u"], json!({"type": "STRING"}));
    assert_eq!(written["properties"]["n"], json!({"type": "INTEGER"}));
    let due = ["additionalProperties", "enum", "format", "items", "patternProperties", "ref"];
    let mut lost: Vec<_> = lost.iter().map(|name| name.trim_start_matches("tools.parameters.")).collect();
    lost.sort_unstable();
    assert_eq!(lost, due);
}

#[test]
fn references_are_written_where_they_stand() {
    let (written, lost) = rewritten(&json!({
        "$defs": {"a/b": {"type": "object", "properties": {"n": {"type": "integer"}}}, "P": {"$ref": "#/$defs/a~1b"}},
        "type": "object", "properties": {"p": {"$ref": "#/$defs/P", "description": "D"}}}));
    let due = json!({"type": "OBJECT", "properties": {
        "p": {"type": "OBJECT", "description": "D", "properties": {"n": {"type": "INTEGER"}}}}});
    assert_eq!((written, lost), (due, Vec::new()));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let list = json!({"$defs": {"N": {"type": "object", "properties": {
        "left": {"$ref": "#/$defs/N"}, "right": {"$ref": "#/$defs/N"}}}}, "$ref": "#/$defs/N"});
    let (written, lost) = rewritten(&list);
    assert_eq!(lost, ["tools.parameters.ref"]);
    assert!(written.to_string().len() < 20 * list.to_string().len() + 4_096, "{}", written.to_string().len());
    for circle in [json!({"$ref": "#"}), json!({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})] {
        assert_eq!(rewritten(&circle), (json!({}), vec!["tools.parameters.ref".to_owned()]));
    }
}

#[test]
fn googles_words_become_json_schema() {
    let schema = json!({"type": "OBJECT", "property_ordering": ["a"], "properties": {
        "nullable": {"type": "STRING", "nullable": true, "enum": ["x"]},
        "list": {"type": "ARRAY", "min_items": "1", "items": {"type": "INTEGER", "format": "int32"}},
        "one": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": true}},
        "required": ["list"]});
    let due = json!({"type": "object", "properties": {
        "nullable": {"type": ["string", "null"], "enum": ["x", null]},
        "list": {"type": "array", "minItems": 1, "items": {"type": "integer", "format": "int32"}},
        "one": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}},
        "required": ["list"]});
    let restored = to_json_schema(&raw(&schema));
    assert_eq!(back(&restored), due);
    assert_eq!(to_json_schema(&restored).bytes(), restored.bytes(), "what is JSON Schema stays");
}

/// Schemas, and values that are none.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": ["integer", "null"], "format": "x"})),
        Just(json!({"$ref": "#/$defs/a"})),
        Just(json!({"$ref": "#"})),
        Just(json!({"const": 3})),
        Just(json!(true)),
        Just(json!(null)),
        Just(json!("schema")),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({"$defs": {"a": a}, "properties": {"p": b}, "required": ["p"]})),
            list.clone().prop_map(|all| json!({"anyOf": all, "type": "string"})),
            list.clone().prop_map(|all| json!({"oneOf": all, "description": "d"})),
            list.prop_map(|all| json!({"allOf": all})),
            inner.prop_map(|items| json!({"type": "array", "items": items})),
        ]
    })
}

proptest! {
    #[test]
    fn any_schema_becomes_one_that_names_no_other_and_is_not_much_longer(schema in schemas()) {
        let (written, _) = rewritten(&schema);
        let text = written.to_string();
        prop_assert!(!text.contains("$ref") && !text.contains("oneOf") && !text.contains("allOf"));
        prop_assert!(text.len() <= 40 * schema.to_string().len() + 8_192, "{} of {}", text.len(), schema.to_string().len());
        let _ = to_json_schema(&raw(&schema));
    }
}
