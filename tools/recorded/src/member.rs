//! Members of the data's own JSON, as what they have to be.

use serde_json::{Map, Value};

/// A string; empty where there is none.
pub(crate) fn string(of: &Value, name: &str) -> String {
    optional(of, name).unwrap_or_default()
}

/// A string, if there is one.
pub(crate) fn optional(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A number; 0 where there is none.
pub(crate) fn number(of: &Value, name: &str) -> usize {
    let number = of.get(name).and_then(Value::as_u64).unwrap_or(0);
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The strings of a list.
pub(crate) fn strings(of: &Value, name: &str) -> Vec<String> {
    let list = of.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The members of an object that are strings, by name.
pub(crate) fn pairs(of: &Value, name: &str) -> Vec<(String, String)> {
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    of.get(name).and_then(Value::as_object).map(|all| all.iter().filter_map(pair).collect()).unwrap_or_default()
}

/// The members of an object.
pub(crate) fn object(of: &Value, name: &str) -> Map<String, Value> {
    of.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}
