//! From Google's words back to JSON Schema.

use weir_http::json::JsonKind;

use crate::canon::{JsonText, JsonWriter, RawJson, RawMembers};

/// How deep schemas may lie in one another.
const MOST_DEPTH: usize = 64;

/// Keywords that Google counts by strings as well, for they are of 64 bits.
const COUNTS: [&str; 6] = ["minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"];

/// Keywords of several words, as a `.proto` has them.
const SNAKE: [(&str, &str); 8] = [
    ("any_of", "anyOf"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("property_ordering", "propertyOrdering"),
];

/// A schema in Google's words as JSON Schema: types in lower case, `nullable` as one more type. What is JSON Schema already stays.
/// The order of properties, which JSON Schema cannot say, and examples are left out.
#[must_use]
pub fn to_json_schema(schema: &RawJson) -> RawJson {
    let mut out = JsonWriter::with_capacity(schema.bytes().len());
    write(schema, 0, &mut out);
    out.finish_raw()
}

fn write(schema: &RawJson, depth: usize, out: &mut JsonWriter) {
    if schema.kind() != JsonKind::Object || depth >= MOST_DEPTH {
        out.raw(schema);
        return;
    }
    let members = schema.members();
    let nullable = members.get("nullable").and_then(RawJson::is_true) == Some(true);
    out.open();
    for (name, value) in members.iter() {
        let name = std::str::from_utf8(name).unwrap_or_default();
        let name = SNAKE.iter().find(|(snake, _)| *snake == name).map_or(name, |(_, camel)| *camel);
        write_keyword(name, value, nullable, depth, out);
    }
    out.close();
}

fn write_keyword(name: &str, value: &RawJson, nullable: bool, depth: usize, out: &mut JsonWriter) {
    match (name, value.kind()) {
        ("nullable", JsonKind::Bool) | ("propertyOrdering" | "example", _) => {}
        ("type", JsonKind::String) => write_type(value, nullable, out),
        ("enum", JsonKind::Array) if nullable => write_enum(&value.elements(), out),
        ("anyOf" | "oneOf" | "allOf" | "prefixItems", JsonKind::Array) => {
            let null = (nullable && name == "anyOf").then(null_schema);
            out.name(name).open_array();
            for schema in value.elements() {
                write(&schema, depth + 1, out);
            }
            if let Some(null) = &null {
                out.raw(null);
            }
            out.close_array();
        }
        ("properties" | "$defs" | "definitions" | "defs", JsonKind::Object) => {
            out.name(if name == "defs" { "$defs" } else { name });
            write_each(&value.members(), depth, out);
        }
        ("items" | "additionalProperties" | "not", JsonKind::Object) => {
            out.name(name);
            write(value, depth + 1, out);
        }
        (name, JsonKind::String) if COUNTS.contains(&name) => {
            let text = value.text().unwrap_or_default();
            match text.text().parse::<u64>() {
                Ok(count) => out.name(name).number(count),
                Err(_) => out.name(name).raw(value),
            };
        }
        (name, _) => {
            out.name_raw(name.as_bytes()).raw(value);
        }
    }
}

fn write_each(schemas: &RawMembers, depth: usize, out: &mut JsonWriter) {
    out.open();
    for (name, schema) in schemas.iter() {
        out.name_raw(name);
        write(schema, depth + 1, out);
    }
    out.close();
}

/// The words of a nullable schema, `null` among them.
fn write_enum(words: &[RawJson], out: &mut JsonWriter) {
    out.name("enum").open_array();
    for word in words {
        out.raw(word);
    }
    if !words.iter().any(RawJson::is_null) {
        out.null();
    }
    out.close_array();
}

fn write_type(value: &RawJson, nullable: bool, out: &mut JsonWriter) {
    let name: JsonText = value.text().unwrap_or_default();
    let lower = name.text().to_ascii_lowercase();
    if lower == "type_unspecified" {
        return;
    }
    out.name("type");
    if nullable && lower != "null" {
        out.open_array().string(&lower).string("null").close_array();
    } else {
        out.string(&lower);
    }
}

fn null_schema() -> RawJson {
    let mut out = JsonWriter::default();
    out.open().name("type").string("null").close();
    out.finish_raw()
}
