//! `plugins.lock`: what each compiled plugin is and what it was made from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;
const HEAD: &str = "# Written by `cargo run -p weir-pack -- build`; not to be edited.\n";

/// The lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The form of this file; 1.
    pub version: u32,
    /// The plugins, by name.
    #[serde(default)]
    pub plugins: BTreeMap<String, Entry>,
}

/// What is locked of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Hash of the component: `blake3:` and 64 hex digits.
    pub wasm: String,
    /// Hash of everything that it is made from, as [`sources::hash`](crate::sources::hash) takes it.
    pub sources: String,
    /// Size of the component in bytes.
    pub size: u64,
    /// The compiler that made it: the first line of `rustc -vV`.
    pub rustc: String,
    /// The interfaces that it exports: its hooks, and `lifecycle`.
    pub exports: Vec<String>,
    /// The interfaces that it imports; `log`, `counters` and `kv` among them must be granted.
    pub imports: Vec<String>,
}

impl Default for Lock {
    fn default() -> Self {
        Self { version: VERSION, plugins: BTreeMap::new() }
    }
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// If it is not there or not one of ours.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("{}: run `cargo run -p weir-pack -- build`", path.display()))?;
        let lock: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        if lock.version != VERSION {
            bail!("{}: version {} is not known here, only {VERSION}", path.display(), lock.version);
        }
        Ok(lock)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// If it cannot be written as TOML.
    pub fn text(&self) -> anyhow::Result<String> {
        Ok(format!("{HEAD}{}", toml::to_string(self)?))
    }
}

/// `blake3:` and the hash of some bytes in hex.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes).to_hex())
}
