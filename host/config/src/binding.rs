//! `[[plugins.chain]]`: what tells one binding from another, and whose requests it sees.

use std::path::PathBuf;

use crate::keys::{ConfigKey, keys};
use crate::names::{self, DeclaredNames, PatternsKey};
use crate::plugin_limits::PluginLimits;
use crate::plugin_settings::{ChainSettings, PluginSettings};
use crate::source;
use crate::suggest;
use crate::table::ConfigTable;
use crate::told::{self, ToldTable};
use crate::value::ConfigValue;

keys! {
    /// `[[plugins.chain]]`: a plugin put to work.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Binding(table, names: &DeclaredNames<'_>, defaults: &PluginLimits, before: &[Binding]) {
        /// The name of its file in the folder, without `.wasm`.
        pub plugin: String = String::new() => "plugin" PluginNameKey();
        /// What tells it from other bindings of the same file, whatever becomes of the chain; none if nothing does but what
        /// it says. Unique among them: a letter, then letters, digits, `_` and `-`, 64 bytes at most.
        pub name: Option<String> = None => "name" BindingNameKey(&plugin, before);
        /// The tenants whose requests it sees; empty is all of them.
        pub tenants: Vec<String> = Vec::new() => "tenants" TenantNamesKey(&names.tenants);
        /// Patterns of the models whose requests it sees, as [`glob`](crate::glob()) reads them; empty is all of them.
        pub models: Vec<String> = Vec::new() => "models" PatternsKey(&names.models);
        /// How it runs.
        pub settings: PluginSettings = PluginSettings::new(defaults.clone()) => "" ChainSettings(defaults);
        /// The file that holds the binding, absolute: for messages.
        pub file: PathBuf = source::absolute(table.source.file());
        /// The line of that file, from 1: for messages.
        pub line: u32 = table.at.line;
    }
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
        let binding = Self::of(&table, names, defaults, before);
        table.finish();
        binding
    }
}

/// The plugin of a binding, which is recognised by it.
struct PluginNameKey();

impl ConfigKey<String> for PluginNameKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        let plugin = table.required(key, "name the plugin: its file in plugins.folder, without .wasm");
        plugin.and_then(|value| plugin_name(&value)).unwrap_or(default)
    }

    fn tell(_: &String, _: &str, _: &mut ToldTable) {}
}

/// The name of a binding of this plugin, behind those before it; it is recognised by that.
struct BindingNameKey<'a>(&'a str, &'a [Binding]);

impl ConfigKey<Option<String>> for BindingNameKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<String>) -> Option<String> {
        table.value(key).map_or(default, |value| binding_name(&value, self.0, self.1))
    }

    fn tell(_: &Option<String>, _: &str, _: &mut ToldTable) {}
}

/// Names of these tenants.
struct TenantNamesKey<'a>(&'a [&'a str]);

impl ConfigKey<Vec<String>> for TenantNamesKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Vec<String>) -> Vec<String> {
        table.value(key).map_or(default, |value| tenant_names(&value, self.0))
    }

    fn tell(value: &Vec<String>, key: &str, told: &mut ToldTable) {
        told.open(key, told::names(value));
    }
}

/// A plugin's name, as a chain gives it.
pub(crate) fn plugin_name(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let name = text.value.as_str();
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts || name.len() > 128 || !name.bytes().all(valid) || name.ends_with(".wasm") {
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
    let (name, valid) = (text.value.as_str(), |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    // A number is what a binding has that was given no name.
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 64 || !name.bytes().all(valid) {
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
