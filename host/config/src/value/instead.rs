//! How a value of the wrong type is written: the right line.

use toml::de::DeValue;

use super::{ConfigValue, with_article};
use crate::secret::looks_secret;

/// Sections in which each name has a table.
const SECTIONS: [&str; 3] = ["models", "providers", "tenants"];

impl ConfigValue<'_> {
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

    /// What to do about a text, where what it is meant to be may be known.
    pub(super) fn or_near(&self, near: Option<String>, fix: String) -> String {
        match near {
            Some(near) => format!("write {} = \"{near}\", or {fix}", self.name()),
            None => fix,
        }
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

    /// That it is no table, with the line that would be one.
    pub(crate) fn no_table(&self) {
        let (key, what) = (&self.at.key, format!("is {}", with_article(self.toml.type_str())));
        if self.toml.is_array() && self.source.is_header(self.at.line) {
            let name = if SECTIONS.contains(&key.as_str()) { ".NAME" } else { "" };
            return self.problem(format!("{what} of tables, and one table is due"), format!("write [{key}{name}]"));
        }
        let fix = match (key.strip_suffix(']').and_then(|key| key.rsplit_once('[')), key.split_once('.')) {
            (Some((list, _)), _) => format!("give a table: write [[{list}]], and its keys below it"),
            (None, Some((section, name))) if SECTIONS.contains(&section) && !name.contains('.') => {
                format!("give a table of its own to each: write [{section}.NAME], and its keys below it")
            }
            _ => format!("give a table: {} = {{ … }}", self.name()),
        };
        self.problem(what, fix);
    }
}
