//! How many steps it takes to hold settings against a schema, in the worst case: no branch is left out for what another one
//! has said already. Whoever does it step by step takes no more, and keeps no more errors than there are steps.

use super::shape::{SchemaShape, Why, at, looks_around};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::rc::Rc;

/// Steps for one file's settings.
const STEPS: u64 = 500_000;
/// How deeply schemas may apply within one another, into the settings and references followed.
const DEPTH: usize = 256;
/// What a step is measured by: so many bytes of a text, or values that are compared.
const AT_ONCE: u64 = 32;
/// Steps of a pattern that looks around, and of a text that is compiled as a pattern.
const LOOKING_AROUND: u64 = 20_000;
const COMPILING: u64 = 5_000;
const TOO_DEEP: &str = "more than 256 parts of it apply one within the other";

/// The steps for these settings.
///
/// # Errors
/// A text for whoever wrote schema and settings, if there are too many.
pub(super) fn of(shape: &SchemaShape<'_>, settings: &Value) -> Result<u64, Why> {
    let mut reckoning =
        Reckoning { shape, known: HashMap::new(), sizes: HashMap::new(), names: HashMap::new(), begun: 0 };
    reckoning.measure(settings, 0)?;
    reckoning.begun = 0;
    Ok(reckoning.cost(shape.root, settings, 0)?.steps)
}

struct Reckoning<'a, 's> {
    shape: &'a SchemaShape<'s>,
    /// The cost of a schema for a value, once it is known.
    known: HashMap<(usize, usize), Cost>,
    /// The values in each list and object of the settings, itself included.
    sizes: HashMap<usize, u64>,
    /// The longest name of a property of each object, which stands for all of them.
    names: HashMap<usize, Rc<Value>>,
    begun: u64,
}

impl<'s> Reckoning<'_, 's> {
    /// Measures the settings.
    fn measure(&mut self, value: &Value, depth: usize) -> Result<u64, Why> {
        if depth > DEPTH {
            return Err(format!("the settings are nested more than {DEPTH} deep"));
        }
        self.begin()?;
        let mut size: u64 = 1;
        match value {
            Value::Array(items) => {
                for item in items {
                    size += self.measure(item, depth + 1)?;
                }
            }
            Value::Object(object) => {
                for value in object.values() {
                    size += self.measure(value, depth + 1)?;
                }
                let longest = object.keys().max_by_key(|name| name.len()).cloned().unwrap_or_default();
                self.names.insert(at(value), Rc::new(Value::String(longest)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Ok(size),
        }
        self.sizes.insert(at(value), size);
        Ok(size)
    }

    /// Begins a step of the reckoning itself, of which there are no more than of what it reckons.
    fn begin(&mut self) -> Result<(), Why> {
        self.begun += 1;
        if self.begun > STEPS { Err(too_many()) } else { Ok(()) }
    }

    /// The cost of a schema for a value, all that applies within it included.
    fn cost(&mut self, schema: &'s Value, value: &Value, depth: usize) -> Result<Cost, Why> {
        let Value::Object(object) = schema else { return Ok(Cost { steps: 1, height: 1 }) };
        let place = (at(schema), at(value));
        if let Some(cost) = self.known.get(&place) {
            return Ok(*cost);
        }
        if depth > DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        self.begin()?;
        let mut cost = Cost { steps: 1 + object.len() as u64, height: 0 };
        // The shape has refused whatever comes back here with the same value.
        for inner in self.shape.in_place(object)? {
            cost.add(self.cost(inner, value, depth + 1)?)?;
        }
        for (word, rule) in object {
            self.word((word.as_str(), rule), value, depth + 1, &mut cost)?;
        }
        // What is left over is found by asking the others once more.
        if object.contains_key("unevaluatedProperties") || object.contains_key("unevaluatedItems") {
            cost.count(cost.steps * 3)?;
        }
        cost.height += 1;
        cost.count(0)?;
        // What has nothing within it is as quickly reckoned again as looked up, and there is much of it.
        if cost.height > 1 {
            self.known.insert(place, cost);
        }
        Ok(cost)
    }

    /// Adds the cost of one keyword, without that of schemas for the same value.
    fn word(
        &mut self,
        (word, rule): (&str, &'s Value),
        value: &Value,
        depth: usize,
        cost: &mut Cost,
    ) -> Result<(), Why> {
        let length = if let Value::String(text) = value { text.len() as u64 / AT_ONCE } else { 0 };
        let size = self.sizes.get(&at(value)).copied().unwrap_or(1) / AT_ONCE;
        let of_rule = match rule {
            Value::Array(items) => items.len() as u64,
            Value::Object(object) => object.len() as u64,
            _ => 1,
        };
        match (word, value) {
            ("pattern", _) => cost.count(matching(rule.as_str().unwrap_or_default(), length)),
            ("format", _) if rule.as_str() == Some("regex") => cost.count(COMPILING + length),
            ("format" | "minLength" | "maxLength" | "contentEncoding" | "contentMediaType", _) => cost.count(length),
            ("enum", _) => cost.count(of_rule.saturating_mul(1 + size + length) / AT_ONCE),
            ("const" | "uniqueItems", _) => cost.count(size + length),
            ("required" | "dependentRequired", _) => cost.count(of_rule),
            ("propertyNames", Value::Object(object)) => {
                let Some(longest) = self.names.get(&at(value)).cloned() else { return Ok(()) };
                let each = self.cost(rule, &longest, depth)?;
                cost.add(Cost { steps: each.steps.saturating_mul(object.len() as u64), ..each })
            }
            (_, Value::Object(object)) => self.of_object((word, rule), object, depth, cost),
            (_, Value::Array(items)) => self.of_list((word, rule), items, depth, cost),
            _ => Ok(()),
        }
    }

    fn of_object(
        &mut self,
        rule: (&str, &'s Value),
        object: &Map<String, Value>,
        depth: usize,
        cost: &mut Cost,
    ) -> Result<(), Why> {
        match rule {
            ("properties", Value::Object(rules)) => {
                cost.count(rules.len() as u64)?;
                for (name, value) in object {
                    if let Some(rule) = rules.get(name) {
                        cost.add(self.cost(rule, value, depth)?)?;
                    }
                }
            }
            // Each pattern is matched with every name, and by `additionalProperties` once more.
            ("patternProperties", Value::Object(rules)) => {
                for (pattern, rule) in rules {
                    for (name, value) in object {
                        cost.count(2 * matching(pattern, name.len() as u64 / AT_ONCE))?;
                        cost.add(self.cost(rule, value, depth)?)?;
                    }
                }
            }
            ("additionalProperties" | "unevaluatedProperties", rule) => {
                for value in object.values() {
                    cost.count(1)?;
                    cost.add(self.cost(rule, value, depth)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn of_list(&mut self, rule: (&str, &'s Value), items: &[Value], depth: usize, cost: &mut Cost) -> Result<(), Why> {
        match rule {
            ("prefixItems" | "items", Value::Array(rules)) => {
                for (rule, item) in rules.iter().zip(items) {
                    cost.add(self.cost(rule, item, depth)?)?;
                }
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", rule) => {
                for item in items {
                    cost.count(1)?;
                    cost.add(self.cost(rule, item, depth)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a schema costs for a value.
#[derive(Clone, Copy)]
struct Cost {
    steps: u64,
    /// How many schemas apply one within the other.
    height: usize,
}

impl Cost {
    fn count(&mut self, steps: u64) -> Result<(), Why> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS {
            return Err(too_many());
        }
        if self.height > DEPTH { Err(TOO_DEEP.to_owned()) } else { Ok(()) }
    }

    fn add(&mut self, inner: Self) -> Result<(), Why> {
        self.height = self.height.max(inner.height);
        self.count(inner.steps)
    }
}

fn matching(pattern: &str, length: u64) -> u64 {
    1 + length + if looks_around(pattern) { LOOKING_AROUND } else { 0 }
}

fn too_many() -> Why {
    format!("it takes more than {STEPS} steps with these settings")
}
