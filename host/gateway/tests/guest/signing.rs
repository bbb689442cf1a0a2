//! Authors who sign, and what they give away.

use crate::support::{config, upstream::Upstream};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use weir_sandbox::signature::SecretKey;

/// Somebody who signs with `weir plugin sign`, in a folder of their own.
pub struct Author {
    pub key: SecretKey,
    folder: tempfile::TempDir,
}

impl Author {
    pub fn new() -> Self {
        let (key, folder) = (SecretKey::generate().unwrap(), tempfile::tempdir().unwrap());
        let file = folder.path().join("key");
        fs::write(&file, key.to_line()).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        Self { key, folder }
    }

    /// A folder with `NAME.wasm`, what lies beside it by its ending, and `NAME.wasm.sig`.
    pub fn signed(&self, name: &str, version: u64, wasm: &[u8], beside: &[(&str, &str)]) -> Signed {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let file = folder.path().join(format!("{name}.wasm"));
        fs::write(&file, wasm).unwrap();
        for (ending, text) in beside {
            fs::write(file.with_extension(ending), text).unwrap();
        }
        let signed = Command::new(crate::support::weir())
            .args(["plugin", "sign", "--version", &version.to_string(), "--key"])
            .arg(self.folder.path().join("key"))
            .arg(&file)
            .output()
            .unwrap();
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        Signed { name: name.to_owned(), folder }
    }
}

/// A plugin as its author gives it away.
pub struct Signed {
    name: String,
    folder: tempfile::TempDir,
}

impl Signed {
    pub fn bytes(&self, ending: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(format!("{}.{ending}", self.name))).unwrap()
    }

    /// Puts all of it into a folder under a name, the component last.
    pub fn put_as(&self, folder: &Path, name: &str) {
        fs::create_dir_all(folder).unwrap();
        for ending in ["toml", "schema.json", "wasm.sig", "wasm"] {
            let from = self.folder.path().join(format!("{}.{ending}", self.name));
            let to = folder.join(format!("{name}.{ending}"));
            match fs::read(from) {
                Ok(bytes) => put(&to, &bytes),
                Err(_) => drop(fs::remove_file(to)),
            }
        }
    }

    pub fn put(&self, folder: &Path) {
        self.put_as(folder, &self.name);
    }
}

/// Writes a file as careful people do: elsewhere, then renamed.
pub fn put(file: &Path, bytes: &[u8]) {
    let half = file.with_extension("half");
    fs::write(&half, bytes).unwrap();
    fs::rename(half, file).unwrap();
}

/// A configuration that trusts these authors, with `more` lines of `[plugins]` and these bindings.
pub fn trusting(upstream: &Upstream, authors: &[&Author], more: &str, chain: &str) -> String {
    let keys: Vec<String> = authors.iter().map(|author| format!("\"{}\"", author.key.public())).collect();
    format!("{}[plugins]\nkeys = [{}]\n{more}\n{chain}\n", config(upstream.address), keys.join(", "))
}

pub const REQUIRED: &str = "require_signature = true";

pub const CHAIN: &str = "[[plugins.chain]]\nplugin = \"it\"";
