//! What a schema is made of, and what it comes to when all that it refers to is put in place. Found out before anything is
//! compiled of it, in a number of steps that is bounded by its length.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// JSON values of a schema.
const VALUES: usize = 10_000;
/// How deeply they may lie in one another.
const NESTING: usize = 64;
/// How many schemas may apply to one and the same value one within the other, references followed.
const CHAIN: usize = 128;
/// Schemas in all, each counted with those that apply to the same value as it: whatever is made of a schema is made of no
/// more parts than these.
const PARTS: u64 = 50_000;
/// Patterns of a schema.
const PATTERNS: usize = 64;

/// Keywords whose value is a list of schemas for the same value.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords whose value is a schema for the same value.
const SINGLE: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords whose value has schemas for the same value, by name.
const BY_NAME: [&str; 2] = ["dependentSchemas", "dependencies"];

/// A schema that refers to nothing but itself, and is no larger than it may be.
pub(super) struct SchemaShape<'s> {
    pub(super) root: &'s Value,
    /// The keyword by which a schema of its dialect is named.
    id: &'static str,
    anchors: HashMap<&'s str, &'s Value>,
    patterns: usize,
    look_around: bool,
}

/// Why a schema is not taken.
pub(super) type Why = String;

impl<'s> SchemaShape<'s> {
    /// Judges a schema.
    ///
    /// # Errors
    /// A text for whoever wrote it.
    pub(super) fn of(root: &'s Value) -> Result<Self, Why> {
        let dialect = root.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let id = if dialect.contains("draft-04") { "id" } else { "$id" };
        let mut shape = Self { root, id, anchors: HashMap::new(), patterns: 0, look_around: false };
        let mut objects = Vec::new();
        // By a list of what is left, for how deeply values lie in one another is not known yet.
        let (mut left, mut values) = (vec![(root, 1)], 0);
        while let Some((value, depth)) = left.pop() {
            values += 1;
            if values > VALUES {
                return Err(format!("it has more than {VALUES} values"));
            }
            if depth > NESTING {
                return Err(format!("it is nested more than {NESTING} deep"));
            }
            match value {
                Value::Array(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
                Value::Object(object) => {
                    shape.take_in(object, value)?;
                    objects.push(value);
                    left.extend(object.values().map(|value| (value, depth + 1)));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let (mut known, mut parts) = (Known::new(), 0_u64);
        for object in objects {
            parts = shape.parts(object, &mut known, 0)?.0.saturating_add(parts);
            if parts > PARTS {
                return Err(format!("it has more than {PARTS} parts, with all that it refers to in place"));
            }
        }
        Ok(shape)
    }

    /// Whether a pattern needs more than linear time.
    pub(super) fn looks_around(&self) -> bool {
        self.look_around
    }

    fn take_in(&mut self, object: &'s Map<String, Value>, value: &'s Value) -> Result<(), Why> {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        if !std::ptr::eq(value, self.root) && (text(self.id).is_some() || text("$schema").is_some()) {
            return Err("a part of it has a name or a dialect of its own (`$id`, `$schema`)".to_owned());
        }
        if let Some(word) = ["$dynamicRef", "$recursiveRef"].into_iter().find(|word| text(word).is_some()) {
            return Err(format!("it uses `{word}`: refer to a place in it with `$ref`"));
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = object.get(name).and_then(Value::as_str)
                && self.anchors.insert(name, value).is_some()
            {
                return Err("two parts of it have the same `$anchor`".to_owned());
            }
        }
        let by_name = object.get("patternProperties").and_then(Value::as_object);
        let patterns = by_name.into_iter().flat_map(Map::keys).map(String::as_str).chain(text("pattern"));
        for pattern in patterns {
            self.patterns += 1;
            self.look_around |= looks_around(pattern);
        }
        if self.patterns > PATTERNS {
            return Err(format!("it has more than {PATTERNS} patterns"));
        }
        Ok(())
    }

    /// How many schemas apply to one value where this one does, and how many at most one within the other. `known` keeps
    /// what was counted, and none of what is being counted: whoever comes back there has come no deeper into the settings.
    fn parts(&self, schema: &'s Value, known: &mut Known, depth: usize) -> Result<(u64, usize), Why> {
        let Value::Object(object) = schema else { return Ok((1, 1)) };
        let too_long = || format!("more than {CHAIN} parts of it refer to one another in a row");
        match known.get(&at(schema)) {
            Some(Some(counted)) => return Ok(*counted),
            Some(None) => return Err("a part of it refers to itself for the same value".to_owned()),
            None if depth >= CHAIN => return Err(too_long()),
            None => {}
        }
        known.insert(at(schema), None);
        let (mut parts, mut height): (u64, usize) = (1, 0);
        for inner in self.in_place(object)? {
            let (inner, below) = self.parts(inner, known, depth + 1)?;
            (parts, height) = (parts.saturating_add(inner), height.max(below));
        }
        if height >= CHAIN {
            return Err(too_long());
        }
        known.insert(at(schema), Some((parts, height + 1)));
        Ok((parts, height + 1))
    }

    /// The schemas that apply to the same value as this one.
    pub(super) fn in_place(&self, object: &'s Map<String, Value>) -> Result<Vec<&'s Value>, Why> {
        let get = |name: &&str| object.get(*name);
        let lists = LISTS.iter().filter_map(get).filter_map(Value::as_array).flatten();
        let by_name = BY_NAME.iter().filter_map(get).filter_map(Value::as_object).flat_map(Map::values);
        let mut inner: Vec<&Value> = lists.chain(SINGLE.iter().filter_map(get)).chain(by_name).collect();
        if let Some(Value::String(reference)) = object.get("$ref") {
            inner.push(self.target(reference)?);
        }
        Ok(inner)
    }

    /// What a reference leads to.
    fn target(&self, reference: &str) -> Result<&'s Value, Why> {
        let lost = || format!("`$ref` to {} leads to no place in it", super::brief::brief(reference));
        let own = self.root.get(self.id).and_then(Value::as_str).map(|id| id.trim_end_matches('#'));
        let fragment = match own.and_then(|own| reference.strip_prefix(own)) {
            Some("") => "",
            Some(rest) if rest.starts_with('#') => rest,
            Some(_) | None => reference,
        };
        if fragment.is_empty() || fragment == "#" {
            return Ok(self.root);
        }
        let fragment = fragment.strip_prefix('#').and_then(decoded).ok_or_else(lost)?;
        let found = match fragment.starts_with('/') {
            true => self.root.pointer(&fragment),
            false => self.anchors.get(fragment.as_str()).copied(),
        };
        found.ok_or_else(lost)
    }
}

type Known = HashMap<usize, Option<(u64, usize)>>;

/// What tells a value of the schema, or of the settings, from another: neither moves while it is judged.
pub(super) fn at(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// Whether a pattern looks ahead, behind, or back at what it has matched.
pub(super) fn looks_around(pattern: &str) -> bool {
    let named = ["(?=", "(?!", "(?<", "(?>", "\\k"].iter().any(|sign| pattern.contains(sign));
    named || pattern.as_bytes().windows(2).any(|pair| matches!(pair, [b'\\', b'1'..=b'9']))
}

/// A fragment without its percent signs (RFC 3986 section 2.1); none if that is no text.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || (rest.next()? as char).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
