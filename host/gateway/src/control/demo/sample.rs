//! A value that follows a JSON Schema, as the demo provider makes one for a tool's arguments or an answer's form.

use serde_json::{Map, Value, json};

/// As deep as values go: schemas may name themselves.
const DEEPEST: usize = 12;
/// As many values as one has.
const MOST: usize = 1_000;
/// As long as a text is made, in characters.
const LONGEST: u64 = 1_000;
/// As long as a list is made.
const MOST_ITEMS: u64 = 10;

/// Texts of a form that has a name (JSON Schema Validation section 7.3).
const FORMS: [(&str, &str); 7] = [
    ("date", "2025-06-15"),
    ("date-time", "2025-06-15T12:00:00Z"),
    ("time", "12:00:00Z"),
    ("email", "help@example.com"),
    ("uri", "https://example.com/"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
    ("ipv4", "192.0.2.1"),
];

/// Makes values of one schema.
pub(super) struct SchemaSample<'a> {
    /// The schema, in which others are named.
    root: &'a Value,
    /// Texts to use, in this order, before any are made up.
    texts: std::vec::IntoIter<String>,
    left: usize,
}

/// A value that follows the schema, as far as this reads it: types, what must be there, choices, lengths and bounds. Its texts
/// are those that stand between quotes in `text`, in order, and then the names of what they are for.
pub(super) fn sample(schema: &Value, text: &str) -> Value {
    let mut sample = SchemaSample { root: schema, texts: quoted(text).into_iter(), left: MOST };
    sample.value(schema, "text", 0)
}

/// What stands between quotes.
pub(super) fn quoted(text: &str) -> Vec<String> {
    const QUOTES: [(char, char); 4] = [('"', '"'), ('`', '`'), ('“', '”'), ('\'', '\'')];
    let mut found = Vec::new();
    let mut rest = text;
    // A quote within a word is an apostrophe.
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        let close =
            QUOTES.iter().find(|(open, _)| *open == first && !before.is_alphanumeric()).map(|(_, close)| *close);
        (before, rest) = match close.and_then(|close| after.split_once(close)) {
            Some((inner, behind)) if !inner.is_empty() => {
                found.push(inner.to_owned());
                (first, behind)
            }
            _ => (first, after),
        };
    }
    found
}

impl SchemaSample<'_> {
    fn value(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEEPEST || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(place) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            let named = place.strip_prefix('#').and_then(|place| root.pointer(place));
            return named.map_or(Value::Null, |named| self.value(named, name, depth + 1));
        }
        let first = |word: &str| schema.get(word).and_then(|list| list.get(0));
        let given = schema.get("const").or_else(|| first("enum")).or_else(|| schema.get("default"));
        if let Some(value) = given.filter(|value| !value.is_null()).or_else(|| first("examples")) {
            return value.clone();
        }
        let is_null = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("null");
        for word in ["anyOf", "oneOf", "allOf"] {
            let choices = schema.get(word).and_then(Value::as_array);
            if let Some(choice) = choices.and_then(|choices| choices.iter().find(|choice| !is_null(choice))) {
                return self.value(choice, name, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "string" => self.text(schema, name).into(),
            "integer" | "number" => number(schema),
            "boolean" => true.into(),
            _ => Value::Null,
        }
    }

    /// What must be there, or all that may be where nothing is said of that.
    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return json!({}) };
        let required = schema.get("required").and_then(Value::as_array);
        let is_due = |name: &str| required.is_none_or(|due| due.iter().any(|one| one.as_str() == Some(name)));
        let mut object = Map::new();
        for (name, schema) in properties.iter().filter(|(name, _)| is_due(name)) {
            object.insert(name.clone(), self.value(schema, name, depth + 1));
        }
        object.into()
    }

    fn array(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(items) = schema.get("prefixItems").and_then(Value::as_array) {
            return items.iter().map(|item| self.value(item, name, depth + 1)).collect();
        }
        let bound = |word: &str| schema.get(word).and_then(Value::as_u64);
        let items = bound("minItems").unwrap_or(1).max(1).min(bound("maxItems").unwrap_or(MOST_ITEMS)).min(MOST_ITEMS);
        let Some(item) = schema.get("items") else { return json!([]) };
        (0..items).map(|_| self.value(item, name, depth + 1)).collect()
    }

    fn text(&mut self, schema: &Value, name: &str) -> String {
        let form = schema.get("format").and_then(Value::as_str);
        if let Some((_, text)) = FORMS.iter().find(|(word, _)| Some(*word) == form) {
            return (*text).to_owned();
        }
        let bound = |word: &str| schema.get(word).and_then(Value::as_u64).map(|bound| bound.min(LONGEST));
        let least = usize::try_from(bound("minLength").unwrap_or(0)).unwrap_or(0);
        let most = usize::try_from(bound("maxLength").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let text = self.texts.next().unwrap_or_else(|| name.to_owned());
        let missing = least.saturating_sub(text.chars().count());
        let filled = text.chars().chain(std::iter::repeat_n('.', missing));
        filled.take(most).collect()
    }
}

/// The type of what follows the schema; of several the first that is something.
fn kind(schema: &Value) -> &str {
    let known = match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    };
    let by_members = || if schema.get("properties").is_some() { "object" } else { "string" };
    known.unwrap_or_else(by_members)
}

/// The least number that may be, or 1.
fn number(schema: &Value) -> Value {
    let bound = |word: &str| schema.get(word).filter(|bound| bound.is_number());
    if let Some(least) = bound("minimum") {
        return least.clone();
    }
    if let Some(below) = bound("exclusiveMinimum").and_then(Value::as_i64) {
        return below.saturating_add(1).into();
    }
    match bound("maximum") {
        Some(most) if most.as_f64().is_some_and(|most| most < 1.0) => most.clone(),
        _ => 1.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
