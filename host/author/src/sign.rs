//! `weir plugin keygen` and `weir plugin sign`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use weir_sandbox::signature::SecretKey;

use crate::artefact::beside;
use crate::{AuthorError, Done, read};

/// Makes a pair of keys: the secret one into a file that only its owner reads, the public one for the configuration.
#[expect(clippy::disallowed_methods, reason = "a file that is made anew: what stands there already is not opened")]
pub(crate) fn keygen(file: &Path) -> Result<Done, AuthorError> {
    let secret = SecretKey::generate().map_err(|error| AuthorError::Key { path: file.to_owned(), error })?;
    let made = File::options().write(true).create_new(true).mode(0o600).open(file);
    let mut made = made.map_err(|why| match why.kind() {
        ErrorKind::AlreadyExists => {
            AuthorError::Exists { path: file.to_owned(), fix: "a key is not written over; name another file with -o" }
        }
        _ => AuthorError::file("write", file)(why),
    })?;
    writeln!(made, "{}", secret.to_line()).map_err(AuthorError::file("write", file))?;
    Ok(Done { text: secret.public().to_string(), good: true })
}

/// Signs a plugin; the signature goes into `FILE.sig`, in place of an earlier one by the same key.
pub(crate) fn sign(file: &Path, key: &Path) -> Result<Done, AuthorError> {
    if read::mode(key)? & 0o077 != 0 {
        return Err(AuthorError::OpenKey { path: key.to_owned() });
    }
    let text = read::text(key)?;
    let secret: SecretKey = text.parse().map_err(|error| AuthorError::Key { path: key.to_owned(), error })?;
    let wasm = read::wasm(file)?;
    let beside = beside(file, ".sig");
    let old = read::text_if_there(&beside)?.unwrap_or_default();
    let public = secret.public().to_string();
    let mut lines: Vec<&str> = old.lines().filter(|line| !line.starts_with(&public)).collect();
    let line = secret.sign(&wasm);
    lines.push(&line);
    fs::write(&beside, lines.join("\n") + "\n").map_err(AuthorError::file("write", &beside))?;
    Ok(Done { text: format!("{}: signed by {public}", beside.display()), good: true })
}
