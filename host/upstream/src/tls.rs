//! TLS to the outside: whom to trust, and what to offer.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use weir_config::Authorities;

/// The authorities that were configured, or the public ones if there are none.
pub(crate) fn roots(file: Option<&Authorities>) -> Result<RootCertStore, String> {
    let Some(file) = file else { return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()) };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(file.pem()) {
        let certificate = certificate.map_err(|e| e.to_string())?;
        roots.add(certificate).map_err(|e| e.to_string())?;
    }
    if roots.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    Ok(roots)
}

/// A client that trusts these and offers these protocols (ALPN).
pub(crate) fn client(roots: RootCertStore, protocols: &[&[u8]]) -> Result<ClientConfig, rustls::Error> {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(crypto).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}
