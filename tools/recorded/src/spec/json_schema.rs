//! Specifications that are JSON Schema, or nearly: read by the crate `jsonschema`, made plain before.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::said::{SpecFault, SpecSide};

/// How members that a schema does not name are taken in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
    /// A fault at the top; within it, as the schema says.
    AtTheTop,
    /// A fault wherever the schema does not say that there may be more.
    Everywhere,
}

/// The schemas of a specification.
pub(super) struct JsonSchemas {
    /// By name.
    pub(super) defined: Map<String, Value>,
    /// The schema of a side of an operation, which names others as `#/$defs/NAME`.
    pub(super) roots: HashMap<(SpecSide, String), Value>,
    pub(super) unnamed: Unnamed,
    pub(super) built: Mutex<HashMap<(SpecSide, String), Arc<Validator>>>,
}

impl JsonSchemas {
    /// What is wrong; `None` if there is no such operation.
    pub(super) fn check(&self, side: SpecSide, operation: &str, value: &Value) -> Option<Vec<SpecFault>> {
        let key = (side, operation.to_owned());
        let root = self.roots.get(&key)?;
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = Arc::clone(built.entry(key).or_insert_with(|| Arc::new(self.build(side, root))));
        drop(built);
        let mut faults: Vec<SpecFault> = validator.iter_errors(value).flat_map(|error| faults(&error)).collect();
        if side == SpecSide::Request {
            let known = self.members(root);
            let members = value.as_object().into_iter().flat_map(Map::keys);
            faults.extend(members.filter(|name| !known.contains(*name)).map(|name| SpecFault::unknown("", name)));
        }
        faults.sort();
        faults.dedup();
        Some(faults)
    }

    /// The members that a schema names at its top, itself or by those that it is made of. `unevaluatedProperties` would tell
    /// each of a branch in which anything is wrong.
    fn members(&self, schema: &Value) -> BTreeSet<String> {
        let own = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned();
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let other = name.and_then(|name| self.defined.get(name));
        let parts =
            ["allOf", "anyOf", "oneOf"].map(|of| schema.get(of).and_then(Value::as_array)).into_iter().flatten();
        let parts = parts.flatten().chain(other).flat_map(|part| self.members(part));
        own.chain(parts).collect()
    }

    fn build(&self, side: SpecSide, root: &Value) -> Validator {
        let is_closed = side == SpecSide::Request && self.unnamed == Unnamed::Everywhere;
        let plain = |schema: &Value, name: &str| Plain { side, is_closed, defined: &self.defined, name }.schema(schema);
        let mut defined = Map::new();
        let mut wanted: Vec<String> = named(root).into_iter().collect();
        while let Some(name) = wanted.pop() {
            if defined.contains_key(&name) {
                continue;
            }
            let schema = self.defined.get(&name).unwrap_or_else(|| panic!("no schema is called {name}"));
            wanted.extend(named(schema));
            defined.insert(name.clone(), plain(schema, &name));
        }
        let whole = json!({ "allOf": [plain(root, "")], "$defs": defined });
        let built = jsonschema::options().with_draft(Draft::Draft202012).build(&whole);
        built.unwrap_or_else(|error| panic!("a specification that is none: {error}"))
    }
}

/// The names of the schemas that one names, directly.
fn named(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(named)).collect()
        }
        Value::Array(items) => items.iter().flat_map(named).collect(),
        _ => BTreeSet::new(),
    }
}

/// Makes schemas plain: what OpenAPI has of its own, what only tells, and what is too strict for a side goes.
struct Plain<'a> {
    side: SpecSide,
    /// Whether members that no schema names are faults.
    is_closed: bool,
    defined: &'a Map<String, Value>,
    /// The schema that `$recursiveRef` means.
    name: &'a str,
}

impl Plain<'_> {
    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(members) = schema else { return schema.clone() };
        let mut plain = Map::new();
        for (keyword, value) in members {
            self.keyword(keyword, value, &mut plain);
        }
        if self.is_closed && plain.contains_key("properties") && !members.contains_key("additionalProperties") {
            plain.insert("additionalProperties".to_owned(), json!(false));
        }
        if members.get("nullable") == Some(&json!(true)) {
            return json!({ "anyOf": [plain, { "type": "null" }] });
        }
        Value::Object(plain)
    }

    /// Whether a branch is the type of an answer, which a client may play back as it is, and which may have members more.
    fn is_open(&self, branch: &Value) -> bool {
        let name = branch.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let branch = name.and_then(|name| self.defined.get(name));
        branch.is_some_and(|branch| branch.get("additionalProperties") == Some(&json!(true)))
    }

    fn keyword(&self, keyword: &str, value: &Value, plain: &mut Map<String, Value>) {
        let all = |value: &Value| {
            let branches = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let drops =
                self.is_closed && branches.iter().any(|branch| branch.get("$ref").is_some() && !self.is_open(branch));
            let kept = branches.iter().filter(|branch| !(drops && self.is_open(branch)));
            Value::Array(kept.map(|one| self.schema(one)).collect())
        };
        let (keyword, value) = match (keyword, value) {
            ("$ref", Value::String(path)) => {
                let name = path.rsplit('/').next().unwrap_or_default();
                ("$ref", Value::String(format!("#/$defs/{name}")))
            }
            ("$recursiveRef", _) => ("$ref", Value::String(format!("#/$defs/{}", self.name))),
            ("properties", Value::Object(properties)) => {
                let plain = properties.iter().map(|(name, schema)| (name.clone(), self.schema(schema)));
                ("properties", Value::Object(plain.collect()))
            }
            // Several branches of what means one may hold: the branches overlap wherever members are optional.
            ("oneOf" | "anyOf", _) => ("anyOf", all(value)),
            ("allOf", _) => ("allOf", all(value)),
            ("items" | "not" | "propertyNames", _) => (keyword, self.schema(value)),
            ("additionalProperties", Value::Bool(false)) if self.side != SpecSide::Request => return,
            ("additionalProperties", _) => (keyword, self.schema(value)),
            (
                "type" | "enum" | "const" | "required" | "pattern" | "minimum" | "maximum" | "minItems" | "maxItems"
                | "minLength" | "maxLength",
                _,
            ) => (keyword, value.clone()),
            _ => return,
        };
        plain.insert(keyword.to_owned(), value);
    }
}

/// What an error says, or where it says that no branch holds, what is wrong by the branch that was meant.
fn faults(error: &ValidationError<'_>) -> Vec<SpecFault> {
    let (at, value) = (error.instance_path().as_str(), error.instance());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match error.kind() {
        ValidationErrorKind::AnyOf { context } => meant(at, value, context),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|member| SpecFault::unknown(at, member)).collect()
        }
        ValidationErrorKind::Required { property } => vec![SpecFault::missing(at, &text(property))],
        ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => vec![SpecFault::value(at, value)],
        ValidationErrorKind::Type { kind } => vec![SpecFault::kind(at, value, &wanted(&format!("{kind:?}")))],
        _ => vec![SpecFault::new(at, error.to_string().chars().take(160).collect::<String>())],
    }
}

/// `Single(Integer)` as `integer`.
fn wanted(kind: &str) -> String {
    let name = kind.trim_start_matches("Single(").trim_end_matches(')').to_lowercase();
    name.replace("multiple(jsontypeset", "one of ").trim().to_owned()
}

/// The faults by the branch that a value was meant for: that of its form and its `type` or `role`, with the fewest faults.
fn meant(at: &str, value: &Value, branches: &[Vec<ValidationError<'static>>]) -> Vec<SpecFault> {
    let told = branches.iter().map(|branch| branch.iter().flat_map(faults).collect::<Vec<_>>());
    let cost = |faults: &Vec<SpecFault>| {
        let is_of = |fault: &&SpecFault, names: &[&str]| names.iter().any(|name| fault.at == format!("{at}{name}"));
        let other_form = faults.iter().any(|fault| is_of(&fault, &[""]) && fault.what.contains(", not "));
        let other_kind = faults.iter().filter(|fault| is_of(fault, &["/type", "/role", "/object"])).count();
        (other_form, other_kind, faults.len())
    };
    told.min_by_key(cost).unwrap_or_else(|| vec![SpecFault::value(at, value)])
}
