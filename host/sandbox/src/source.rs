//! Where a plugin's file stands.

use crate::which::WhichBinding;
use std::path::{Path, PathBuf};
use weir_config::file::FileSpot;

/// The folder of the tenants' own plugins.
pub(crate) const TENANTS: &str = "tenants";

/// A plugin file, by where it stands in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginSource {
    /// `<folder>/NAME.wasm`: available to chains.
    Named(String),
    /// `<folder>/all/NAME.wasm`: applies to every tenant.
    All(String),
    /// `<folder>/tenants/TENANT/NAME.wasm`: applies to one tenant.
    Tenant(String, String),
    /// `<folder>` itself (empty) or a folder below it, as a whole.
    Folder(String),
}

/// One place at which a plugin is bound: a file, and which of its bindings it is.
pub(crate) type FilePlace = (PluginSource, WhichBinding);

/// The file of a binding, by the binding's name, without `.wasm`.
pub(crate) fn file_of(binding: &str) -> &str {
    // Only bindings of the chain have a number or a name; a file elsewhere may have that sign in its name.
    match binding.split_once('#') {
        Some((file, _)) if !binding.contains('/') => file,
        Some(_) | None => binding,
    }
}

/// Whether a binding is of a file in a folder of one tenant's own, by the binding's name.
pub(crate) fn is_tenants_own(binding: &str) -> bool {
    binding.strip_prefix(TENANTS).is_some_and(|rest| rest.starts_with('/'))
}

/// Bytes of a plugin's name: `NAME.schema.json` has to be a file's name, too, of which file systems take 255.
pub(crate) const NAME: usize = 243;

/// A plugin's name from that of its file without `.wasm`.
///
/// # Errors
/// How to show it, and why it can be none: it has to be UTF-8 of at most [`NAME`] bytes, and without control characters, for
/// it stands in logs and metrics.
pub(crate) fn name(stem: &[u8]) -> Result<String, (String, &'static str)> {
    let shown = || String::from_utf8_lossy(stem).escape_default().take(NAME).collect();
    let Ok(name) = std::str::from_utf8(stem) else { return Err((shown(), "its name is not UTF-8: rename it")) };
    if name.len() > NAME {
        return Err((shown(), "its name is longer than 243 bytes: rename it"));
    }
    if name.contains(char::is_control) {
        return Err((shown(), "there is a control character in its name: rename it"));
    }
    Ok(name.to_owned())
}

impl PluginSource {
    /// The plugin's name: the file's without `.wasm`; empty for a folder.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            PluginSource::Named(name) | PluginSource::All(name) | PluginSource::Tenant(_, name) => name,
            PluginSource::Folder(_) => "",
        }
    }

    /// The name of a binding of the file, which no other binding has: `guard`, and of further ones in the chain `guard#2` or
    /// what they are called, `guard#eu`; `all/guard`; `tenants/acme/guard`. No name in the chain has such a sign in it.
    pub(crate) fn binding(&self, which: &WhichBinding) -> String {
        let file = match self {
            PluginSource::Named(name) => name.clone(),
            PluginSource::All(name) => format!("all/{name}"),
            PluginSource::Tenant(tenant, name) => format!("{TENANTS}/{tenant}/{name}"),
            PluginSource::Folder(below) => below.clone(),
        };
        format!("{file}{which}")
    }

    /// The tenant whose own it is; none if it is the operator's.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        match self {
            PluginSource::Tenant(tenant, _) => Some(tenant),
            PluginSource::Named(_) | PluginSource::All(_) | PluginSource::Folder(_) => None,
        }
    }

    /// The file with this ending, and the others that belong to it: `toml`, `schema.json`, `wasm.sig`. What lies in a
    /// tenant's folder is whoever's who may write there, and so leads nowhere else.
    pub(crate) fn spot(&self, folder: &Path, ending: &str) -> FileSpot {
        match self {
            PluginSource::Tenant(tenant, name) => {
                FileSpot::within(folder.join(TENANTS).join(tenant), &format!("{name}.{ending}"))
            }
            PluginSource::Named(_) | PluginSource::All(_) | PluginSource::Folder(_) => {
                FileSpot::anywhere(self.path(folder).with_extension(ending))
            }
        }
    }

    /// The file, below the plugin folder.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        let file = format!("{}.wasm", self.name());
        match self {
            PluginSource::Named(_) => folder.join(file),
            PluginSource::All(_) => folder.join("all").join(file),
            PluginSource::Tenant(tenant, _) => folder.join(TENANTS).join(tenant).join(file),
            PluginSource::Folder(below) => folder.join(below),
        }
    }
}

impl std::fmt::Display for PluginSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PluginSource::Folder(below) if below.is_empty() => write!(f, "folder"),
            PluginSource::Folder(below) => write!(f, "folder {below}"),
            PluginSource::Named(_) | PluginSource::All(_) | PluginSource::Tenant(..) => {
                write!(f, "{}", self.path(Path::new("")).display())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
