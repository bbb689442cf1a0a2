//! What is in the plugin folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// A plugin file, by where it stands in the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `<folder>/NAME.wasm`: available to chains.
    Named(String),
    /// `<folder>/all/NAME.wasm`: applies to every tenant.
    All(String),
    /// `<folder>/tenants/TENANT/NAME.wasm`: applies to one tenant.
    Tenant(String, String),
}

impl Source {
    /// The plugin's name: the file's without `.wasm`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Source::Named(name) | Source::All(name) | Source::Tenant(_, name) => name,
        }
    }

    /// The file, below the plugin folder.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        let file = format!("{}.wasm", self.name());
        match self {
            Source::Named(_) => folder.join(file),
            Source::All(_) => folder.join("all").join(file),
            Source::Tenant(tenant, _) => folder.join("tenants").join(tenant).join(file),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path(Path::new("")).display())
    }
}

/// The files that apply by where they stand, in the order in which they apply: `all/` by name, then tenants by name.
pub(super) fn by_place(folder: &Path) -> io::Result<Vec<Source>> {
    let mut found: Vec<Source> = names(&folder.join("all"))?.into_iter().map(Source::All).collect();
    let mut tenants = folders(&folder.join("tenants"))?;
    tenants.sort();
    for tenant in tenants {
        let own = names(&folder.join("tenants").join(&tenant))?;
        found.extend(own.into_iter().map(|name| Source::Tenant(tenant.clone(), name)));
    }
    Ok(found)
}

/// Plugins in one folder, by name. A folder that is not there holds none; hidden files are somebody's half-done work.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else { continue };
        if path.extension().is_some_and(|e| e == "wasm") && !stem.starts_with('.') && path.is_file() {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn folders(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let entry = entry?;
        if entry.path().is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    Ok(names)
}

fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    Ok(entries.into_iter().flatten())
}
