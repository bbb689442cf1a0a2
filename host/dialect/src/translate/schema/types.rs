//! Types of schemas.

use weir_http::json::JsonKind;

use crate::canon::{JsonText, JsonWriter, RawJson, RawMembers};

/// The types that a schema names.
#[derive(Debug)]
pub(super) struct SchemaTypes {
    pub(super) named: Vec<JsonText>,
    /// …and `null` beside them.
    pub(super) nullable: bool,
}

impl SchemaTypes {
    pub(super) fn of(members: &RawMembers) -> Self {
        let names: Vec<_> = match members.get("type") {
            Some(raw) if raw.kind() == JsonKind::Array => raw.elements().iter().filter_map(RawJson::text).collect(),
            raw => raw.and_then(RawJson::text).into_iter().collect(),
        };
        let several = names.len() > 1;
        let has_null = names.iter().any(is_null);
        let said = members.get("nullable").and_then(RawJson::is_true) == Some(true);
        let in_enum = || members.get("enum").is_some_and(|all| all.elements().iter().any(RawJson::is_null));
        let named = names.into_iter().filter(|name| !several || !is_null(name)).collect();
        Self { named, nullable: said || (several && has_null) || in_enum() }
    }
}

/// Whether it is that of `null`.
pub(super) fn is_null(name: &JsonText) -> bool {
    name.is("null") || name.is("NULL")
}

/// The type of a schema that names none.
pub(super) fn guessed(members: &RawMembers) -> Option<&'static str> {
    let is_word = |raw: &RawJson| raw.kind() == JsonKind::String;
    if members.get("properties").is_some() {
        return Some("object");
    }
    if members.get("items").is_some() {
        return Some("array");
    }
    let words = members.get("enum").is_some_and(|all| all.elements().iter().any(is_word));
    (words || members.get("const").is_some_and(is_word)).then_some("string")
}

/// A schema with one of its types.
pub(super) fn with_type(members: &RawMembers, name: &JsonText) -> RawJson {
    let mut one = members.clone();
    one.take("type");
    one.take("description");
    one.push("type", RawJson::of_text(name));
    let mut out = JsonWriter::default();
    out.open().members(&one).close();
    out.finish_raw()
}
