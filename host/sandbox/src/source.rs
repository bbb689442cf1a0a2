//! Where a plugin's file stands.

use std::path::{Path, PathBuf};

/// The folder of the tenants' own plugins.
pub(crate) const TENANTS: &str = "tenants";

/// A plugin file, by where it stands in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `<folder>/NAME.wasm`: available to chains.
    Named(String),
    /// `<folder>/all/NAME.wasm`: applies to every tenant.
    All(String),
    /// `<folder>/tenants/TENANT/NAME.wasm`: applies to one tenant.
    Tenant(String, String),
    /// `<folder>` itself (empty) or a folder below it, as a whole.
    Folder(String),
}

impl Source {
    /// The plugin's name: the file's without `.wasm`; empty for a folder.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Source::Named(name) | Source::All(name) | Source::Tenant(_, name) => name,
            Source::Folder(_) => "",
        }
    }

    /// The file, below the plugin folder.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        let file = format!("{}.wasm", self.name());
        match self {
            Source::Named(_) => folder.join(file),
            Source::All(_) => folder.join("all").join(file),
            Source::Tenant(tenant, _) => folder.join(TENANTS).join(tenant).join(file),
            Source::Folder(below) => folder.join(below),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Folder(below) if below.is_empty() => write!(f, "folder"),
            Source::Folder(below) => write!(f, "folder {below}"),
            Source::Named(_) | Source::All(_) | Source::Tenant(..) => {
                write!(f, "{}", self.path(Path::new("")).display())
            }
        }
    }
}
