//! `weir plugin keygen` and `weir plugin sign`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use weir_sandbox::signature::{self, Manifest, SecretKey, SignatureFile};

use crate::artefact::beside;
use crate::{AuthorError, ToolOutcome, read};

/// Makes a pair of keys: the secret one into a file that only its owner reads, the public one for the configuration.
#[expect(clippy::disallowed_methods, reason = "a file that is made anew: what stands there already is not opened")]
pub(crate) fn keygen(file: &Path) -> Result<ToolOutcome, AuthorError> {
    let secret = SecretKey::generate().map_err(|error| AuthorError::Key { path: file.to_owned(), error })?;
    let made = File::options().write(true).create_new(true).mode(0o600).open(file);
    let mut made = made.map_err(|why| match why.kind() {
        ErrorKind::AlreadyExists => {
            AuthorError::Exists { path: file.to_owned(), fix: "a key is not written over; name another file with -o" }
        }
        _ => AuthorError::file("write", file)(why),
    })?;
    writeln!(made, "{}", secret.to_line()).map_err(AuthorError::file("write", file))?;
    Ok(ToolOutcome { text: secret.public().to_string(), good: true })
}

/// Signs a plugin with all that it is read from. Manifest and signature go into `FILE.sig`; signatures of the same manifest
/// stay, but for an earlier one by the same key.
pub(crate) fn sign(file: &Path, key: &Path, version: Option<u64>) -> Result<ToolOutcome, AuthorError> {
    if read::mode(key)? & 0o077 != 0 {
        return Err(AuthorError::OpenKey { path: key.to_owned() });
    }
    let text = read::text(key)?;
    let secret: SecretKey = text.parse().map_err(|error| AuthorError::Key { path: key.to_owned(), error })?;
    let there = Signed::read(file)?;
    let sig = beside(file, ".sig");
    let old = read::text_if_there(&sig)?.unwrap_or_default();
    let old = SignatureFile::read(&old).ok();
    let manifest = there.manifest(version, old.as_ref().map(|old| &old.manifest));
    let public = secret.public();
    // Who signed another manifest has not signed this one.
    let same = old.as_ref().filter(|old| old.manifest == manifest);
    let mut lines: Vec<String> = same.into_iter().flat_map(|old| old.others(&public)).map(str::to_owned).collect();
    lines.push(signature::sign(&manifest, &secret));
    let text = format!("{}\n{}\n", manifest.text(), lines.join("\n"));
    fs::write(&sig, text).map_err(AuthorError::file("write", &sig))?;
    let covers = there.covers();
    let text =
        format!("{}: {} version {}, signed by {public}; {covers}", sig.display(), manifest.name, manifest.version);
    Ok(ToolOutcome { text, good: true })
}

/// A plugin's files, as they are to be signed.
struct Signed {
    name: String,
    wasm: Vec<u8>,
    settings: Option<String>,
    schema: Option<String>,
}

impl Signed {
    fn read(file: &Path) -> Result<Self, AuthorError> {
        let name = file.file_name().and_then(|name| name.to_str()?.strip_suffix(".wasm"));
        let name = name.filter(|name| Manifest::is_name(name));
        let name = name.ok_or_else(|| AuthorError::Unnamed { path: file.to_owned() })?.to_owned();
        let wasm = read::wasm(file)?;
        let (settings, schema) = (read::text_if_there(&settings(file))?, read::text_if_there(&schema(file))?);
        Ok(Self { name, wasm, settings, schema })
    }

    /// The manifest of these files. Without a version that was asked for, one that is signed again stays what it was, and
    /// one that differs is newer than what was signed before.
    fn manifest(&self, version: Option<u64>, old: Option<&Manifest>) -> Manifest {
        let (settings, schema) =
            (self.settings.as_ref().map(String::as_bytes), self.schema.as_ref().map(String::as_bytes));
        let of = |version: u64| Manifest::of(&self.name, version, &self.wasm, settings, schema);
        let next = |old: &Manifest| if of(old.version) == *old { old.version } else { old.version.saturating_add(1) };
        of(version.or_else(|| old.map(next)).unwrap_or_else(now))
    }

    fn covers(&self) -> String {
        let said = |there: bool, ending: &str| {
            let file = format!("{}{ending}", self.name);
            if there { file } else { format!("that there is no {file}") }
        };
        let (settings, schema) = (said(self.settings.is_some(), ".toml"), said(self.schema.is_some(), ".schema.json"));
        format!("it covers {}.wasm, {settings}, and {schema}", self.name)
    }
}

/// Seconds since 1970: a version that is newer than any before it, wherever it is made.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

/// The settings beside a plugin's file.
pub(crate) fn settings(file: &Path) -> PathBuf {
    file.with_extension("toml")
}

/// The schema beside a plugin's file.
pub(crate) fn schema(file: &Path) -> PathBuf {
    file.with_extension("schema.json")
}
