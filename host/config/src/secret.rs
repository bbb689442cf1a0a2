//! A value that must not be shown.

use std::fmt;

/// A secret: an upstream's key, the value of a header, the pepper of the tenants' keys.
///
/// Its `Debug` form is `***`; there is no `Display`. Equality is for comparing two configurations and takes no care
/// of timing: keys that callers send are compared elsewhere.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a value into custody.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What keys of providers and tokens of all sorts begin with.
const BEGINNINGS: [&str; 12] =
    ["sk-", "sk_", "gsk_", "xai-", "AIza", "AKIA", "hf_", "ghp_", "github_pat_", "eyJ", "Bearer ", "bearer "];

/// Whether a text looks like a secret by how it begins: then no message repeats it, wherever it was put by mistake.
pub(crate) fn looks_secret(text: &str) -> bool {
    let text = text.trim_start_matches(['"', '\'', ' ']);
    BEGINNINGS.iter().any(|begin| text.starts_with(begin))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
