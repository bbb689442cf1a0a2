//! Certificate authorities that are trusted in place of the public ones.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use webpki::anchor_from_trusted_cert;

/// A PEM file of certificate authorities, read together with the configuration that names it: two configurations are
/// equal only if these files say the same. One that comes from a configuration holds at least one certificate, and each of
/// them can be read.
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

/// Whether there are authorities in a PEM file, as whoever trusts them will read it; otherwise why not.
pub(crate) fn judge(pem: &[u8]) -> Result<(), String> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        count += 1;
        let certificate = certificate.map_err(|why| format!("certificate {count} is no PEM: {why}"))?;
        anchor_from_trusted_cert(&certificate).map_err(|why| format!("certificate {count} cannot be read: {why}"))?;
    }
    if count == 0 { Err("there is no certificate in it".to_owned()) } else { Ok(()) }
}
