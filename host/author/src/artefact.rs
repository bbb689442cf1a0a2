//! A plugin's file, and what its border says.

use std::path::{Path, PathBuf};

use weir_component::contract::HostInterface;
use weir_component::{Border, Interface};
use weir_config::Grant;
use weir_sandbox::HookKind;

use crate::AuthorError;

/// A component that may be a plugin.
#[derive(Debug, Clone)]
pub(crate) struct InspectedComponent {
    pub(crate) path: PathBuf,
    pub(crate) wasm: Vec<u8>,
    pub(crate) border: Border,
}

impl InspectedComponent {
    pub(crate) fn read(path: &Path) -> Result<Self, AuthorError> {
        let wasm = crate::read::wasm(path)?;
        let border = Border::of(&wasm)
            .map_err(|error| weir_component::ComponentError::In { path: path.to_owned(), error: Box::new(error) })?;
        Ok(Self { path: path.to_owned(), wasm, border })
    }

    /// Its name in a configuration: the file's without `.wasm`, if that is a valid one.
    pub(crate) fn name(&self) -> String {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let starts = stem.starts_with(|c: char| c.is_ascii_alphanumeric());
        let good = starts && stem.len() <= 128 && stem.chars().all(valid) && !stem.ends_with(".wasm");
        if good { stem.to_owned() } else { "plugin".to_owned() }
    }

    /// A file beside it whose name adds something to its own: `NAME.wasm.sig`.
    pub(crate) fn beside(&self, added: &str) -> PathBuf {
        beside(&self.path, added)
    }

    /// Its hooks, in journey order.
    pub(crate) fn hooks(&self) -> Vec<HookKind> {
        let has = |hook: &HookKind| self.border.exports.iter().any(|export| export.name() == Some(hook.name()));
        HookKind::ALL.into_iter().filter(has).collect()
    }

    /// Whether it takes settings.
    pub(crate) fn has_settings(&self) -> bool {
        self.border.exports.iter().any(|export| export.name() == Some("lifecycle"))
    }

    /// The contract's versions at its border, each once.
    pub(crate) fn contracts(&self) -> Vec<String> {
        let all = self.border.exports.iter().chain(&self.border.imports);
        let own = all.filter(|interface| interface.name().is_some());
        let mut versions: Vec<String> =
            own.map(|interface| format!("weir:plugin@{}", interface.version().unwrap_or("?"))).collect();
        versions.sort();
        versions.dedup();
        versions
    }

    /// What of its imports must be granted, by name.
    pub(crate) fn needs(&self) -> Vec<String> {
        let needed = |interface: &Interface| need(interface).map(str::to_owned);
        self.border.imports.iter().filter_map(needed).collect()
    }

    /// The grants of this gateway that it needs.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        let needs = self.needs();
        Grant::ALL
            .into_iter()
            .map(|(_, grant)| grant)
            .filter(|grant| needs.iter().any(|need| need == grant.name()))
            .collect()
    }
}

/// The grant without which an import does not load: its interface's name.
pub(crate) fn need(interface: &Interface) -> Option<&str> {
    // The types of a hook that is exported may show as an import.
    let free = |name: &str| HostInterface::is_lent(name) || HookKind::ALL.iter().any(|hook| hook.name() == name);
    interface.name().filter(|name| !free(name))
}

pub(crate) fn beside(path: &Path, added: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(added);
    path.with_file_name(name)
}

/// Grants by their names, as they stand behind `--grants`.
pub(crate) fn grants(names: &[String]) -> Result<Vec<Grant>, AuthorError> {
    let named = |name: &String| Grant::ALL.into_iter().map(|(_, grant)| grant).find(|grant| grant.name() == name);
    let unknown =
        |name: &String| AuthorError::Grant { grant: name.clone(), known: Grant::ALL.map(|(name, _)| name).join(", ") };
    names.iter().map(|name| named(name).ok_or_else(|| unknown(name))).collect()
}

/// The line of a configuration that grants these.
pub(crate) fn grants_line<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    format!("grants = [{}]", quoted.join(", "))
}
