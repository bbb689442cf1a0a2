//! `[[plugins.chain]]`: what tells one binding from another, and whose requests it sees.

use std::path::PathBuf;

use crate::names::{self, DeclaredNames};
use crate::plugin_limits::PluginLimits;
use crate::plugin_settings::{PluginSettings, Speaker};
use crate::source;
use crate::suggest;
use crate::table::ConfigTable;
use crate::value::ConfigValue;

/// `[[plugins.chain]]`: a plugin put to work.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The name of its file in the folder, without `.wasm`.
    pub plugin: String,
    /// What tells it from other bindings of the same file, whatever becomes of the chain; none if nothing does but what it
    /// says. Unique among them: a letter, then letters, digits, `_` and `-`, 64 bytes at most.
    pub name: Option<String>,
    /// The tenants whose requests it sees; empty is all of them.
    pub tenants: Vec<String>,
    /// Patterns of the models whose requests it sees, as [`glob`](crate::glob()) reads them; empty is all of them.
    pub models: Vec<String>,
    /// How it runs.
    pub settings: PluginSettings,
    /// The file that holds the binding, absolute: for messages.
    pub file: PathBuf,
    /// The line of that file, from 1: for messages.
    pub line: u32,
}

impl Binding {
    /// The plugin's name, with the binding's own if it has one.
    #[must_use]
    pub fn label(&self) -> String {
        let Self { plugin, name, .. } = self;
        name.as_ref().map_or_else(|| plugin.clone(), |name| format!("{plugin}#{name}"))
    }

    /// Reads one; `before` are those that stand before it.
    pub(crate) fn read(
        table: ConfigTable<'_>,
        names: &DeclaredNames<'_>,
        defaults: &PluginLimits,
        before: &[Self],
    ) -> Self {
        let fix = "name the plugin: its file in plugins.folder, without .wasm";
        let plugin = table.required("plugin", fix).and_then(|value| plugin_name(&value)).unwrap_or_default();
        let name = table.value("name").and_then(|value| binding_name(&value, &plugin, before));
        let tenants = table.value("tenants").map(|value| tenant_names(&value, &names.tenants));
        let models = table.value("models").map(|value| names::patterns(&value, &names.models));
        let binding = Self {
            plugin,
            name,
            tenants: tenants.unwrap_or_default(),
            models: models.unwrap_or_default(),
            settings: PluginSettings::read(&table, Speaker::Chain(defaults)),
            file: source::absolute(table.source.file()),
            line: table.at.line,
        };
        table.finish();
        binding
    }
}

/// A plugin's name, as a chain gives it.
pub(crate) fn plugin_name(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let name = text.value.as_str();
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || name.len() > 128 || !name.bytes().all(lawful) || name.ends_with(".wasm") {
        value.problem(
            format!("{} is not a plugin's name", text.quote()),
            "give the name of its file in plugins.folder, without folder and .wasm",
        );
        return None;
    }
    Some(text.value)
}

/// The name of a binding, which no other one of the same file may have.
fn binding_name(value: &ConfigValue<'_>, plugin: &str, before: &[Binding]) -> Option<String> {
    let text = value.text()?;
    let (name, lawful) = (text.value.as_str(), |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    // A number is what a binding has that was given no name.
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 64 || !name.bytes().all(lawful) {
        let what = format!("{} is not a binding's name", text.quote());
        value.problem(what, "use 1 to 64 letters, digits, `_` and `-`, a letter first");
    } else if before.iter().any(|other| other.plugin == plugin && other.name.as_deref() == Some(name)) {
        let what = format!("{} is what another binding of `{plugin}` is called", text.quote());
        value.problem(what, "give each binding of a file a name of its own");
    }
    Some(text.value)
}

fn tenant_names(value: &ConfigValue<'_>, known: &[&str]) -> Vec<String> {
    let mut tenants = Vec::new();
    for (text, item) in names::texts(value, "tenant") {
        if !known.contains(&text.value.as_str()) {
            item.problem(format!("{} is not a tenant", text.quote()), suggest::fix(&text.value, "tenants", known));
        }
        tenants.push(text.value);
    }
    tenants
}
