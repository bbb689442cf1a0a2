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

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
