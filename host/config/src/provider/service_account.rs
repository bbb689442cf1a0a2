//! The key file of a service account of Google's.

use std::fmt;

use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;

use crate::secret::Secret;
use crate::source::{At, ConfigSource};
use crate::url::base_url;

/// A service account whose key is exchanged for tokens. `Debug` shows nothing of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Whom a token is asked for.
    pub email: String,
    /// Which of the account's keys this is, where the file says it.
    pub key_id: Option<String>,
    /// The key: PKCS #8 in PEM.
    pub private_key: Secret,
    /// Where it is exchanged: `https`, or `http` on this machine.
    pub token_uri: String,
    /// The project that the account belongs to.
    pub project: Option<String>,
}

impl ServiceAccount {
    /// All of it, to be compared.
    pub(super) fn told(&self) -> String {
        let Self { email, key_id, private_key, token_uri, project } = self;
        format!("{email} {key_id:?} {} {token_uri} {project:?}", private_key.expose())
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("token_uri", &self.token_uri).finish_non_exhaustive()
    }
}

/// The file as Google makes it; what else stands in it says nothing to us.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    private_key_id: Option<String>,
    #[serde(default)]
    private_key: String,
    token_uri: Option<String>,
    project_id: Option<String>,
}

/// Where Google exchanges keys.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What a path names, with `file:` before it or not, or the file's own text, which begins with `{`. Where it is none, there is a
/// problem, which repeats nothing of it.
pub(super) fn service_account(source: &ConfigSource<'_>, at: &At, given: &str) -> Option<ServiceAccount> {
    let given = given.trim();
    let held;
    let text = if given.starts_with('{') {
        given
    } else {
        let path = given.strip_prefix("file:").unwrap_or(given);
        match source.read_text(&source.resolve(path)) {
            Ok(text) => held = text,
            Err(error) => {
                source.problem(at, format!("its file {error}"), error.fix());
                return None;
            }
        }
        &held
    };
    match read(text) {
        Ok(account) => Some(account),
        Err(what) => {
            let fix = "give the JSON file of a service account's key, as Google's console makes it";
            source.problem(at, what, fix);
            None
        }
    }
}

fn read(text: &str) -> Result<ServiceAccount, String> {
    let file: KeyFile = serde_json::from_str(text).map_err(|why| {
        // Its own words may quote what stands there.
        let (line, column) = (why.line(), why.column());
        format!("is no JSON with a `type` and what a service account has (line {line}, column {column})")
    })?;
    if file.kind != "service_account" {
        return Err("is a credential of another type than `service_account`".to_owned());
    }
    if file.client_email.is_empty() {
        return Err("has no `client_email`".to_owned());
    }
    PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes())
        .map_err(|_| "has no `private_key` that is PKCS #8 in PEM".to_owned())?;
    let token_uri = file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
    let url = base_url(&token_uri).map_err(|fault| format!("has a `token_uri` that {fault}"))?;
    if url.plain && !url.loopback {
        return Err("has a `token_uri` that is neither https:// nor on this machine".to_owned());
    }
    Ok(ServiceAccount {
        email: file.client_email,
        key_id: file.private_key_id,
        private_key: Secret::new(file.private_key),
        token_uri,
        project: file.project_id,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
