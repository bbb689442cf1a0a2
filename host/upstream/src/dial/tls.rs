//! TLS to the outside: whom to trust, what to offer, and why it was not agreed.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use weir_config::{Authorities, Http2, ProviderConfig};

/// No reason is told in more characters.
const WORDS: usize = 300;

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

/// What kind of reason there is for a [`TlsFailure`]. The order is that of the labels in [`TLS_KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsKind {
    /// Nobody who is trusted has signed the upstream's certificate.
    Untrusted,
    /// The certificate is not valid yet, or no longer.
    Expired,
    /// The certificate is somebody else's.
    WrongName,
    /// The certificate is wrong in another way.
    Certificate,
    /// The upstream wants to see a certificate of ours, which there is not.
    ClientCertificate,
    /// The upstream refused for another reason, by an alert.
    Alert,
    /// No version, cipher or protocol (ALPN) in common.
    Protocol,
    /// What came is no TLS.
    NotTls,
    /// The connection ended before TLS was agreed.
    Closed,
}

/// The metric label of every kind of TLS failure.
pub const TLS_KINDS: [&str; 9] = [
    "untrusted",
    "expired",
    "wrong_name",
    "certificate",
    "client_certificate",
    "alert",
    "protocol",
    "not_tls",
    "closed",
];

impl TlsKind {
    pub(crate) fn label(self) -> &'static str {
        TLS_KINDS.get(self as usize).copied().unwrap_or_default()
    }
}

/// Why TLS was not agreed with an upstream, as the TLS library words it: it names certificates and protocols, never keys.
/// Displays as these words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    pub(crate) kind: TlsKind,
    words: Box<str>,
}

impl TlsFailure {
    pub(crate) fn new(kind: TlsKind, words: &str) -> Self {
        Self { kind, words: words.chars().take(WORDS).collect::<String>().into_boxed_str() }
    }

    /// One of [`TLS_KINDS`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind.label()
    }

    /// What the operator may do about it.
    pub(crate) fn mend(&self, provider: &ProviderConfig) -> String {
        let key = format!("providers.{}", provider.name);
        match self.kind {
            TlsKind::Untrusted => match &provider.ca_file {
                Some(file) => format!(
                    "no authority in {} ({key}.ca_file) has signed its certificate: put in that file the certificate of the \
                     one that has",
                    file.file().display()
                ),
                None => format!(
                    "no public authority has signed its certificate: name in {key}.ca_file a PEM file of the one that has"
                ),
            },
            TlsKind::Expired => {
                "its certificate is not valid at this time: see to it, or to this machine's clock".into()
            }
            TlsKind::WrongName => {
                format!("its certificate is another host's: name in {key}.base_url a host that stands in it")
            }
            TlsKind::Certificate => format!(
                "its certificate is not accepted: see to it; one that was signed by itself may stand in {key}.ca_file if it is \
                 no authority (CA:FALSE)"
            ),
            TlsKind::ClientCertificate => {
                "it wants a certificate of its clients, which Weir has not: ask for a way without".into()
            }
            TlsKind::Alert => "it broke off for a reason of its own: its log may say more".into(),
            TlsKind::Protocol if provider.http2 == Http2::Always => {
                format!("there is no version or protocol in common: it may not speak HTTP/2 ({key}.http2 = \"always\")")
            }
            TlsKind::Protocol => "there is no version in common: it has to speak TLS 1.2 or 1.3".into(),
            TlsKind::NotTls => {
                format!("what listens there speaks no TLS: see to the port, or to https://, in {key}.base_url")
            }
            TlsKind::Closed => format!("it closed the connection: see to host and port in {key}.base_url"),
        }
    }

    /// A handshake failed.
    pub(crate) fn of(error: &io::Error) -> Self {
        match library(error) {
            Some(inner) => Self::new(kind(inner), &inner.to_string()),
            None => Self::new(TlsKind::Closed, &error.kind().to_string()),
        }
    }

    /// The handshake was done as far as we could see, and now the upstream says that it was not: in TLS 1.3 it judges what
    /// we showed of ourselves, if only that we showed nothing, after we are done (RFC 8446 section 4.4.2.4). It has
    /// processed nothing then. None if the error is another one.
    pub(crate) fn after_handshake(error: &io::Error) -> Option<Self> {
        match library(error) {
            Some(rustls::Error::AlertReceived(alert)) if is_of_handshake(*alert) => Some(Self::of(error)),
            _ => None,
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

fn library(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn kind(error: &rustls::Error) -> TlsKind {
    use rustls::Error::{
        AlertReceived, InappropriateHandshakeMessage, InappropriateMessage, InvalidCertificate, InvalidMessage,
    };
    match error {
        InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => TlsKind::Untrusted,
        InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => TlsKind::Expired,
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            TlsKind::WrongName
        }
        InvalidCertificate(_) => TlsKind::Certificate,
        AlertReceived(alert) => of_alert(*alert),
        InvalidMessage(_) | InappropriateMessage { .. } | InappropriateHandshakeMessage { .. } => TlsKind::NotTls,
        _ => TlsKind::Protocol,
    }
}

fn of_alert(alert: AlertDescription) -> TlsKind {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired
        | Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA => TlsKind::ClientCertificate,
        Alert::HandshakeFailure
        | Alert::ProtocolVersion
        | Alert::InsufficientSecurity
        | Alert::NoApplicationProtocol => TlsKind::Protocol,
        _ => TlsKind::Alert,
    }
}

/// Whether an alert can only mean that the handshake was not agreed to.
fn is_of_handshake(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(of_alert(alert), TlsKind::ClientCertificate | TlsKind::Protocol)
        || matches!(
            alert,
            Alert::AccessDenied
                | Alert::DecryptError
                | Alert::MissingExtension
                | Alert::UnsupportedExtension
                | Alert::UnrecognisedName
                | Alert::UnknownPSKIdentity
        )
}

#[cfg(test)]
mod tests;
