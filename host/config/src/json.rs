//! A plugin's own settings: TOML handed over as JSON.

use serde_json::{Map, Number, Value as Json};
use toml::de::DeValue;

use crate::value::ConfigValue;

/// The value as JSON; none if part of it cannot be, which is then a problem at that part. Strings have their `${…}`
/// filled in, dates and times become strings.
pub(crate) fn json(value: &ConfigValue<'_>) -> Option<Json> {
    Some(match value.toml {
        DeValue::String(_) => Json::String(value.any_text()?),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Datetime(when) => Json::String(when.to_string()),
        DeValue::Integer(integer) => {
            let Ok(number) = i64::from_str_radix(integer.as_str(), integer.radix()) else {
                value.problem(format!("{integer} does not fit 64 bits"), "give a smaller number, or a string");
                return None;
            };
            Json::Number(Number::from(number))
        }
        DeValue::Float(float) => {
            let Some(number) = float.as_str().parse().ok().and_then(Number::from_f64) else {
                value.problem(
                    format!("JSON, in which plugins get their settings, has no number {float}"),
                    "give a finite number, or a string",
                );
                return None;
            };
            Json::Number(number)
        }
        DeValue::Array(_) => {
            let items = value.items()?;
            let items: Vec<Option<Json>> = items.iter().map(json).collect();
            Json::Array(items.into_iter().collect::<Option<_>>()?)
        }
        DeValue::Table(_) => Json::Object(object(value)?),
    })
}

/// A table as a JSON object, as [`json`] would have it; a problem if it is no table.
pub(crate) fn object(value: &ConfigValue<'_>) -> Option<Map<String, Json>> {
    let mut object = Map::new();
    let mut whole = true;
    for (name, value) in value.table()?.named() {
        match json(&value) {
            Some(json) => {
                object.insert(name.to_owned(), json);
            }
            None => whole = false,
        }
    }
    whole.then_some(object)
}
