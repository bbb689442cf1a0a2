use super::*;

#[test]
fn a_value_has_what_its_schema_demands_and_takes_its_texts_from_the_question() {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 3},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "when": {"type": ["null", "string"], "format": "date"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "sure": {"type": "boolean"},
            "place": {"$ref": "#/$defs/place"},
            "more": {"type": "string"}
        },
        "required": ["city", "days", "unit", "when", "tags", "sure", "place"],
        "$defs": {"place": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"lat": {"type": "number"}}}]}}
    });
    let due = json!({
        "city": "Rome", "days": 3, "unit": "celsius", "when": "2025-06-15", "tags": ["a b", "tags"], "sure": true,
        "place": {"lat": 1}
    });
    assert_eq!(sample(&schema, "Don't ask for 'Rome' and “a b”."), due);
}

#[test]
fn a_text_is_as_long_as_it_may_and_must_be() {
    let text = |schema: Value| sample(&schema, "`four`");
    assert_eq!(text(json!({"type": "string", "minLength": 6})), "four..");
    assert_eq!(text(json!({"type": "string", "maxLength": 2})), "fo");
    assert_eq!(text(json!({"type": "integer", "maximum": 0})), 0);
    assert_eq!(text(json!({"type": "integer", "exclusiveMinimum": 4})), 5);
}

#[test]
fn a_schema_that_names_itself_ends() {
    let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}, "other": {"$ref": "#"}}});
    assert!(sample(&schema, "").to_string().len() < 100_000);
    assert_eq!(sample(&json!({"$ref": "#/nowhere"}), ""), Value::Null);
}

#[test]
fn an_apostrophe_opens_no_quote() {
    assert_eq!(quoted("It's Ada's \"first\" and 'last' 'word"), ["first", "last"]);
}
