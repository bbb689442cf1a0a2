//! The part of JSON Schema that Google knows in `parameters` and `responseSchema`.
//!
//! Source: Gemini API reference, `Schema` (a subset of OpenAPI's schema objects): types in upper case, `nullable` for what may be
//! `null`, strings alone in `enum`, no references. Vertex AI takes nothing beside an `anyOf`.

use std::collections::BTreeSet;

use weir_http::json::JsonKind;

use super::inline::{References, merged};
pub use super::restore::to_json_schema;
use super::types::{SchemaTypes, guessed, is_null, with_type};
use crate::canon::{FieldLosses, JsonText, JsonWriter, RawJson, RawMembers};

/// How deep schemas may lie in one another.
const MOST_DEPTH: usize = 64;

/// Keywords that are written as they stand.
const KEPT: [&str; 12] = [
    "title",
    "description",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "default",
];
/// …and those that Google's own schemas have.
const OWN: [&str; 2] = ["propertyOrdering", "example"];
/// Formats that are known.
const FORMATS: [&str; 6] = ["enum", "date-time", "float", "double", "int32", "int64"];
/// Keywords that constrain nothing, or are written in another way.
const SILENT: [&str; 18] = [
    "$schema",
    "$id",
    "$comment",
    "$anchor",
    "$defs",
    "definitions",
    "$ref",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "type",
    "nullable",
    "enum",
    "const",
    "properties",
    "items",
    "required",
];

/// Keywords that Google does not know.
#[derive(Debug, Default)]
pub struct LostKeywords(BTreeSet<String>);

impl LostKeywords {
    /// Names them as losses of what the schema is for, such as `tools.parameters`.
    pub fn name(&self, within: &'static str, losses: &mut FieldLosses) {
        for keyword in &self.0 {
            losses.lose_extra(within, keyword.trim_start_matches('$').as_bytes());
        }
    }

    fn lose(&mut self, keyword: &str) {
        self.0.insert(keyword.to_owned());
    }
}

/// A schema in Google's words. What they cannot say is left out, and named in `lost`.
#[must_use]
pub fn of_json_schema(schema: &RawJson, lost: &mut LostKeywords) -> RawJson {
    let mut out = JsonWriter::with_capacity(schema.bytes().len());
    let mut rewriting = Rewriting { references: References::of(schema), lost, depth: 0 };
    rewriting.write(schema, &Inherited::default(), &mut out);
    out.finish_raw()
}

/// What a schema has from the one that it is an alternative of.
#[derive(Debug, Clone, Default)]
struct Inherited {
    nullable: bool,
    description: Option<RawJson>,
}

struct Rewriting<'a> {
    references: References,
    lost: &'a mut LostKeywords,
    depth: usize,
}

impl Rewriting<'_> {
    fn write(&mut self, schema: &RawJson, inherited: &Inherited, out: &mut JsonWriter) {
        if self.depth >= MOST_DEPTH {
            self.lost.lose("$ref");
            out.raw(&RawJson::EMPTY_OBJECT);
            return;
        }
        self.depth += 1;
        let (members, entered) = self.resolved(schema.members());
        self.write_members(&members, inherited, out);
        self.references.leave(entered);
        self.depth -= 1;
    }

    /// A schema with what its `$ref` names and its only `allOf` says, and how many references that were.
    fn resolved(&mut self, mut members: RawMembers) -> (RawMembers, usize) {
        let mut entered = 0;
        loop {
            if let Some(reference) = members.take_text("$ref") {
                let Some(target) = self.references.enter(&reference) else {
                    self.lost.lose("$ref");
                    return (members, entered);
                };
                entered += 1;
                members = merged(&members, &target.members());
                continue;
            }
            let only = members.take_as("allOf", |raw| match raw.elements().as_slice() {
                [only] => Some(only.members()),
                _ => None,
            });
            let Some(only) = only else { return (members, entered) };
            members = merged(&members, &only);
        }
    }

    fn write_members(&mut self, members: &RawMembers, inherited: &Inherited, out: &mut JsonWriter) {
        let types = SchemaTypes::of(members);
        let mut nullable = inherited.nullable || types.nullable;
        let alternatives = self.alternatives(members, &mut nullable);
        match (alternatives.as_slice(), types.named.as_slice()) {
            ([], [_, _, ..]) => {
                // Several types: one alternative each.
                let each: Vec<_> = types.named.iter().map(|name| with_type(members, name)).collect();
                self.write_alternatives(members, &each, nullable, inherited, out);
            }
            ([], _) => self.write_one(members, &types, nullable, inherited, out),
            ([only], _) => {
                let (only, entered) = self.resolved(only.members());
                let mut rest = members.clone();
                rest.take("anyOf");
                rest.take("oneOf");
                let both = merged(&rest, &only);
                self.depth += 1;
                if self.depth < MOST_DEPTH {
                    self.write_members(&both, &Inherited { nullable, ..inherited.clone() }, out);
                } else {
                    out.raw(&RawJson::EMPTY_OBJECT);
                }
                self.depth -= 1;
                self.references.leave(entered);
            }
            (several, _) => self.write_alternatives(members, several, nullable, inherited, out),
        }
    }

    /// What `anyOf` or `oneOf` has, without `null`, which makes the schema nullable.
    fn alternatives(&mut self, members: &RawMembers, nullable: &mut bool) -> Vec<RawJson> {
        let (one, other) = (members.get("anyOf"), members.get("oneOf"));
        if one.is_some() && other.is_some() {
            self.lost.lose("oneOf");
        }
        let mut all = one.or(other).map(RawJson::elements).unwrap_or_default();
        let before = all.len();
        all.retain(|raw| raw.members().get("type").and_then(RawJson::text).is_none_or(|name| !is_null(&name)));
        *nullable |= all.len() < before;
        all
    }

    fn write_alternatives(
        &mut self,
        members: &RawMembers,
        all: &[RawJson],
        nullable: bool,
        inherited: &Inherited,
        out: &mut JsonWriter,
    ) {
        let description = members.get("description").or(inherited.description.as_ref()).cloned();
        let handed = Inherited { nullable, description };
        out.open().name("anyOf").open_array();
        for alternative in all {
            self.write(alternative, &handed, out);
        }
        out.close_array().close();
    }

    fn write_one(
        &mut self,
        members: &RawMembers,
        types: &SchemaTypes,
        nullable: bool,
        inherited: &Inherited,
        out: &mut JsonWriter,
    ) {
        let name = types.named.first().map(JsonText::text).or_else(|| guessed(members).map(Into::into));
        let name = name.map(|name| name.to_ascii_uppercase());
        out.open();
        if let Some(name) = &name {
            out.name("type").string(name);
        }
        if nullable {
            out.name("nullable").boolean(true);
        }
        for keyword in KEPT.iter().chain(&OWN) {
            out.raw_member(keyword, members.get(keyword));
        }
        if members.get("description").is_none() {
            out.raw_member("description", inherited.description.as_ref());
        }
        self.write_enum(members, out);
        self.write_properties(members, out);
        if name.as_deref() == Some("ARRAY") {
            self.write_items(members, out);
        }
        match members.get("format").and_then(RawJson::text) {
            Some(format) if FORMATS.iter().any(|known| format.is(known)) => {
                out.name("format").text(&format);
            }
            Some(_) => self.lost.lose("format"),
            None => {}
        }
        self.lose_others(members);
        out.close();
    }

    /// `enum` and `const`, of which strings alone can be said.
    fn write_enum(&mut self, members: &RawMembers, out: &mut JsonWriter) {
        let constant = members.get("const").map(|constant| vec![constant.clone()]);
        let Some(all) = constant.or_else(|| members.get("enum").map(RawJson::elements)) else { return };
        let words: Vec<_> = all.iter().filter(|raw| !raw.is_null()).map(RawJson::text).collect();
        let Some(words) = words.into_iter().collect::<Option<Vec<_>>>().filter(|words| !words.is_empty()) else {
            self.lost.lose("enum");
            return;
        };
        out.name("enum").open_array();
        for word in &words {
            out.text(word);
        }
        out.close_array();
    }

    /// The properties, and which of them are demanded.
    fn write_properties(&mut self, members: &RawMembers, out: &mut JsonWriter) {
        let Some(properties) = members.get("properties").map(RawJson::members) else { return };
        out.name("properties").open();
        for (name, schema) in properties.iter() {
            out.name_raw(name);
            self.write(schema, &Inherited::default(), out);
        }
        out.close();
        let required = members.get("required").map(RawJson::elements).unwrap_or_default();
        let known: Vec<_> = required.iter().filter_map(RawJson::text).collect();
        let known: Vec<_> = known.iter().filter(|name| properties.get(&name.text()).is_some()).collect();
        if !known.is_empty() {
            out.name("required").open_array();
            for name in known {
                out.text(name);
            }
            out.close_array();
        }
    }

    /// What a list has: it must be said.
    fn write_items(&mut self, members: &RawMembers, out: &mut JsonWriter) {
        out.name("items");
        match members.get("items") {
            Some(items) if items.kind() == JsonKind::Object && items.bytes().as_ref() != b"{}" => {
                self.write(items, &Inherited::default(), out);
            }
            items => {
                if items.is_some_and(|items| items.kind() == JsonKind::Array) {
                    self.lost.lose("items");
                }
                out.open().name("type").string("OBJECT").close();
            }
        }
    }

    /// Names what constrains something, and is unknown. Google adds no properties of its own, so that forbidding them says
    /// nothing.
    fn lose_others(&mut self, members: &RawMembers) {
        for (name, value) in members.iter() {
            let Ok(name) = std::str::from_utf8(name) else { continue };
            let is_said = KEPT.contains(&name) || OWN.contains(&name) || SILENT.contains(&name);
            let forbids = name == "additionalProperties" && value.is_true() == Some(false);
            if !is_said && !forbids && !["format", "anyOf", "oneOf"].contains(&name) {
                self.lost.lose(name);
            }
        }
    }
}
