//! Reading a plugin's settings, so that every mistake in them is named.

use crate::json::{self, Value};

/// A plugin's settings: the JSON object that [`Plugin::init`](crate::Plugin::init) gets. Take what there may be, one by
/// one, then [`finish`](Self::finish), which refuses what nobody took.
///
/// ```
/// # use weir_plugin::Settings;
/// # fn main() -> Result<(), String> {
/// let mut settings = Settings::read(r#"{"deny": ["a b"], "limit": 3}"#)?;
/// let deny = settings.texts("deny")?.unwrap_or_default();
/// let limit = settings.number("limit")?.unwrap_or(100);
/// settings.finish()?;
/// # assert_eq!((deny, limit), (vec!["a b".to_owned()], 3));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    place: String,
    left: Vec<(String, Value)>,
    known: Vec<String>,
}

impl Settings {
    /// Reads the text that `init` got.
    ///
    /// # Errors
    /// If it is not a JSON object.
    pub fn read(text: &str) -> Result<Self, String> {
        let value = json::parse(text).map_err(|error| format!("settings: {error}"))?;
        Self::of(value, "settings")
    }

    /// Takes an object inside of the settings; `place` names it in messages: `rules[2]`.
    ///
    /// # Errors
    /// If it is not an object.
    pub fn of(value: Value, place: &str) -> Result<Self, String> {
        match value {
            Value::Object(left) => Ok(Self { place: place.to_owned(), left, known: Vec::new() }),
            other => Err(format!("{place}: must be a table, is {}", other.kind())),
        }
    }

    /// Takes whatever stands under a key; `null` counts as nothing.
    pub fn value(&mut self, key: &str) -> Option<Value> {
        self.known.push(key.to_owned());
        let index = self.left.iter().position(|(name, _)| name == key)?;
        match self.left.swap_remove(index).1 {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Takes a string.
    ///
    /// # Errors
    /// If something else is there; so for the other kinds.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, "a string", &other)),
        }
    }

    /// Takes a list of strings.
    ///
    /// # Errors
    /// If something else is there.
    pub fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, String> {
        let Some(items) = self.list(key)? else { return Ok(None) };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::Text(text) => texts.push(text),
                other => return Err(self.wrong(&format!("{key}[{index}]"), "a string", &other)),
            }
        }
        Ok(Some(texts))
    }

    /// Takes a list of anything.
    ///
    /// # Errors
    /// If something else is there.
    pub fn list(&mut self, key: &str) -> Result<Option<Vec<Value>>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong(key, "a list", &other)),
        }
    }

    /// Takes a table.
    ///
    /// # Errors
    /// If something else is there.
    pub fn table(&mut self, key: &str) -> Result<Option<Settings>, String> {
        let place = format!("{}.{key}", self.place);
        self.value(key).map(|value| Self::of(value, &place)).transpose()
    }

    /// Takes true or false.
    ///
    /// # Errors
    /// If something else is there.
    pub fn flag(&mut self, key: &str) -> Result<Option<bool>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(key, "true or false", &other)),
        }
    }

    /// Takes an integer from 0 to `u64::MAX`.
    ///
    /// # Errors
    /// If something else is there.
    pub fn number(&mut self, key: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(key, "a whole number from 0 up", &value)),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If a key is left that nobody asked for; the message names it and those that there are.
    pub fn finish(self) -> Result<(), String> {
        let Some((key, _)) = self.left.first() else { return Ok(()) };
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        Err(format!("{}.{key}: there is no such setting; the settings here are: {known}", self.place))
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value) -> String {
        let is = match value {
            Value::Number(digits) => digits.as_str(),
            other => other.kind(),
        };
        format!("{}.{key}: must be {wanted}, is {is}", self.place)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
