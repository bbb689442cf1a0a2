//! Certificate authorities that are trusted in place of the public ones.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A PEM file of certificate authorities, read together with the configuration that names it: two configurations are
/// equal only if these files say the same. Whether it is PEM is for those to judge who use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities {
    file: PathBuf,
    pem: Arc<[u8]>,
}

impl Authorities {
    /// What was read from `file`.
    pub fn new(file: impl Into<PathBuf>, pem: impl Into<Arc<[u8]>>) -> Self {
        Self { file: file.into(), pem: pem.into() }
    }

    /// The file; absolute if it comes from a configuration.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What stands in it, at most 4 MiB.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} bytes)", self.file, self.pem.len())
    }
}
