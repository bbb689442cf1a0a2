//! How a value of the wrong type is written: the right line.

use toml::de::DeValue;

use super::{Value, with_article};
use crate::secret::looks_secret;

impl Value<'_> {
    /// The last part of its key, as it stands to the left of `=`.
    pub(super) fn name(&self) -> &str {
        let key = self.at.key.rsplit('.').next().unwrap_or_default();
        if key.contains('"') { "key" } else { key }
    }

    /// What is written in place of a value that is a string and must not be one, if this is its text.
    pub(super) fn unquoted(&self, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        let text = self.toml.as_str().filter(|text| is_meant(text))?;
        Some(format!("write {} = {text}, without quotes", self.name()))
    }

    /// That it is no list, with the line that would be one.
    pub(super) fn no_list(&self) {
        let name = self.name();
        let fix = match self.toml {
            DeValue::Table(_) if self.source.is_header(self.at.line) => format!("write [[{}]]", self.at.key),
            DeValue::Table(_) => format!("put it between brackets: {name} = [{{ … }}]"),
            // A URL may have a password in it.
            DeValue::String(text) if looks_secret(text) || text.contains("://") => format!("write {name} = [\"…\"]"),
            DeValue::String(text) => format!("write {name} = [{:?}]", &**text),
            _ => return self.wrong_type("an array"),
        };
        self.problem(format!("is {}, and a list is due", with_article(self.toml.type_str())), fix);
    }
}
