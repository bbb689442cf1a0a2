//! A JSON value with its place in the file, so that every complaint names it.

use serde_json::Value as Json;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) place: String,
    pub(crate) what: String,
}

/// A value and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct ValueAt<'a> {
    pub(crate) value: &'a Json,
    path: String,
}

impl<'a> ValueAt<'a> {
    /// The whole file.
    pub(crate) fn top(value: &'a Json) -> Self {
        Self { value, path: String::new() }
    }

    pub(crate) fn wrong(&self, what: impl Into<String>) -> Wrong {
        let place = if self.path.is_empty() { "the file".to_owned() } else { self.path.clone() };
        Wrong { place, what: what.into() }
    }

    fn below(&self, key: &str, value: &'a Json) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self { value, path }
    }

    /// The value at a key of an object, if it is there.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        Some(self.below(key, self.value.get(key)?))
    }

    /// Holds an object to the keys that it may have.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        for entry in self.entries()? {
            let (key, place) = entry;
            if !known.contains(&key) {
                let near = known.iter().max_by(|a, b| likeness(key, a).total_cmp(&likeness(key, b)));
                let near = near.filter(|near| likeness(key, near) > 0.75);
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let hint = hint.unwrap_or_else(|| format!("there are {}", known.join(", ")));
                return Err(place.wrong(format!("there is no such key; {hint}")));
            }
        }
        Ok(())
    }

    /// The keys of an object with their values.
    pub(crate) fn entries(&self) -> Result<Vec<(&'a str, Self)>, Wrong> {
        let object = self.value.as_object().ok_or_else(|| self.not("an object"))?;
        Ok(object.iter().map(|(key, value)| (key.as_str(), self.below(key, value))).collect())
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, Wrong> {
        let list = self.value.as_array().ok_or_else(|| self.not("a list"))?;
        let place = |(at, value)| Self { value, path: format!("{}[{at}]", self.path) };
        Ok(list.iter().enumerate().map(place).collect())
    }

    pub(crate) fn text(&self) -> Result<&'a str, Wrong> {
        self.value.as_str().ok_or_else(|| self.not("a string"))
    }

    pub(crate) fn texts(&self) -> Result<Vec<String>, Wrong> {
        self.items()?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }

    pub(crate) fn flag(&self) -> Result<bool, Wrong> {
        self.value.as_bool().ok_or_else(|| self.not("true or false"))
    }

    /// A whole number that is not negative and fits where it goes.
    pub(crate) fn whole<T: TryFrom<u64>>(&self) -> Result<T, Wrong> {
        let number = self.value.as_u64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.not("a whole number that is not negative, and not too large"))
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Wrong> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(|(_, meant)| *meant).ok_or_else(|| self.wrong(format!("`{text}` is none of {}", known())))
    }

    fn not(&self, wanted: &str) -> Wrong {
        let kind = match self.value {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        };
        self.wrong(format!("must be {wanted}, not {kind}"))
    }
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}
