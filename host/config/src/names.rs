//! What names may look like, and which were given.

use crate::glob;
use crate::keys::ConfigKey;
use crate::source::{At, ConfigSource};
use crate::suggest;
use crate::syntax;
use crate::table::ConfigTable;
use crate::told::{self, ToldTable};
use crate::value::{ConfigValue, ExpandedText};

/// The names that other sections may refer to.
pub(crate) struct DeclaredNames<'n> {
    pub(crate) models: Vec<&'n str>,
    pub(crate) tenants: Vec<&'n str>,
}

/// Checks the name of a provider or a tenant: it names folders, metrics and log fields.
pub(crate) fn check_name(source: &ConfigSource<'_>, at: &At, name: &str) {
    let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || name.len() > 64 || !name.bytes().all(valid) {
        source.problem(
            at,
            "is not a name that can be used",
            "use 1 to 64 letters, digits, `_`, `-` and `.`, a letter or digit first",
        );
    }
}

/// Reports tables of which a dot has made two: `[models.gpt-4.1]` is a table `1` in a model `gpt-4`. `inner` are the tables that
/// one of this section may have. Says whether nothing else is in it, and takes notice of those in `table`.
pub(crate) fn parted_by_a_dot(table: &ConfigTable<'_>, section: &str, name: &str, inner: &[&str]) -> bool {
    let entries = table.named();
    let mut parted = 0;
    for (key, value) in &entries {
        if !value.toml.is_table() || inner.contains(key) || suggest::nearest(key, inner).is_some() {
            continue;
        }
        let (mut whole, mut value) = (format!("{name}.{key}"), value.clone());
        while let Some((key, below)) = only_table(&value) {
            (whole, value) = (format!("{whole}.{key}"), below);
        }
        value.problem(
            format!("a dot parts names, so that this is a table in {section}.{}", syntax::quoted(name)),
            format!("write [{section}.{}]", syntax::quoted(&whole)),
        );
        table.overlook(key);
        parted += 1;
    }
    parted > 0 && parted == entries.len()
}

/// The table that is all there is in a table.
fn only_table<'t>(value: &ConfigValue<'t>) -> Option<(&'t str, ConfigValue<'t>)> {
    let mut entries = value.table()?.named();
    let one = entries.pop().filter(|(_, value)| value.toml.is_table())?;
    entries.is_empty().then_some(one)
}

/// Checks the name of a model, as clients will send it.
pub(crate) fn check_model(source: &ConfigSource<'_>, at: &At, name: &str) {
    let invalid = |c: char| c.is_whitespace() || c.is_control() || c == '*';
    if name.is_empty() || name.len() > 200 || name.contains(invalid) {
        source.problem(
            at,
            "is not a name that a model can have",
            "use 1 to 200 bytes without white space, control characters and `*`",
        );
    }
}

/// Reads a list of strings; not an empty one, and none twice.
pub(crate) fn texts<'t>(value: &ConfigValue<'t>, of_what: &str) -> Vec<(ExpandedText, ConfigValue<'t>)> {
    let items = value.items().unwrap_or_default();
    if items.is_empty() && value.toml.is_array() {
        value.problem(format!("names no {of_what}"), "give at least one, or leave the key out");
    }
    let mut texts: Vec<(ExpandedText, ConfigValue<'t>)> = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = item.text() else { continue };
        if texts.iter().any(|(known, _)| known.value == text.value) {
            item.problem(format!("{} stands there twice", text.quote()), "remove one of them");
        }
        texts.push((text, item));
    }
    texts
}

/// Patterns of these models.
pub(crate) struct PatternsKey<'a>(pub(crate) &'a [&'a str]);

impl ConfigKey<Vec<String>> for PatternsKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        table.value(key).map_or(default, |value| patterns(&value, self.0))
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, told::names(value));
    }
}

/// Reads a list of model patterns, and warns of those that match no model.
pub(crate) fn patterns(value: &ConfigValue<'_>, names: &[&str]) -> Vec<String> {
    let mut patterns = Vec::new();
    for (text, item) in texts(value, "model") {
        if let Some(fault) = glob::fault(&text.value) {
            item.problem(
                format!("the pattern {} {fault}", text.quote()),
                "name a model, or let `*` stand for any run of characters, as in \"gpt-*\"",
            );
        } else if !names.is_empty() && !names.iter().any(|name| glob::glob(&text.value, name)) {
            item.source.warn(
                &item.at,
                format!("the pattern {} matches no model", text.quote()),
                suggest::fix(&text.value, "models", names),
            );
        }
        patterns.push(text.value);
    }
    patterns
}
