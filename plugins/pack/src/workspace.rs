//! Where things are: the workspace's folders and the bundled plugins in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A workspace with bundled plugins.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace with this root folder.
    ///
    /// # Errors
    /// If the folder has no `Cargo.toml` or no `plugins`.
    pub fn at(root: &Path) -> anyhow::Result<Self> {
        let root = root.canonicalize().with_context(|| format!("{}: no such folder", root.display()))?;
        if !root.join("Cargo.toml").is_file() || !root.join("plugins").is_dir() {
            bail!("{}: not the workspace (no Cargo.toml or no plugins folder); name it with --root", root.display());
        }
        Ok(Self { root })
    }

    /// The workspace that this crate was compiled in.
    ///
    /// # Errors
    /// If it is no longer there.
    pub fn own() -> anyhow::Result<Self> {
        Self::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
    }

    /// The root folder, an absolute path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the compiled plugins, which is the default of the gateway's `plugins.folder`.
    #[must_use]
    pub fn installed(&self) -> PathBuf {
        self.root.join("plugins/installed")
    }

    /// The lock file of the compiled plugins.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.installed().join("plugins.lock")
    }

    /// A compiled plugin.
    #[must_use]
    pub fn artefact(&self, name: &str) -> PathBuf {
        self.installed().join(format!("{name}.wasm"))
    }

    /// The names of the bundled plugins, sorted: the folders in `plugins` whose library is a `cdylib`.
    ///
    /// # Errors
    /// If a manifest cannot be read.
    pub fn plugins(&self) -> anyhow::Result<Vec<String>> {
        let folder = self.root.join("plugins");
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if !path.join("Cargo.toml").is_file() {
                continue;
            }
            let manifest = read_toml(&path.join("Cargo.toml"))?;
            let kinds = manifest.get("lib").and_then(|lib| lib.get("crate-type")).and_then(toml::Value::as_array);
            if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib")))
                && let Some(name) = path.file_name().and_then(|name| name.to_str())
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

pub(crate) fn read_toml(path: &Path) -> anyhow::Result<toml::Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}
