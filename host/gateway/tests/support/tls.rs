//! Upstreams over TLS, with certificate authorities of their own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    DEFAULT_VERSIONS, RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, crypto,
};

pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A certificate authority.
pub struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // Two of the same name would be taken for one whose key is wrong.
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("authority {number}"));
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: rcgen::Issuer::new(params, key) }
    }

    /// What belongs into a `ca_file`.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    fn identity(
        &self,
        names: &[&str],
        until: Option<(i32, u8, u8)>,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        if let Some((year, month, day)) = until {
            params.not_after = rcgen::date_time_ymd(year, month, day);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

/// What a server shows and demands.
pub struct Rules<'a> {
    pub names: &'a [&'a str],
    /// The last day of the certificate.
    pub until: Option<(i32, u8, u8)>,
    pub versions: &'a [&'static SupportedProtocolVersion],
    pub alpn: &'a [&'a str],
    /// Whether clients must show a certificate.
    pub mutual: bool,
}

impl Default for Rules<'_> {
    fn default() -> Self {
        Self { names: &["localhost", "127.0.0.1"], until: None, versions: DEFAULT_VERSIONS, alpn: &[], mutual: false }
    }
}

/// A server's side of TLS.
pub fn config(authority: &Authority, rules: &Rules<'_>) -> Arc<ServerConfig> {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(rules.versions).unwrap();
    let builder = if rules.mutual {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let (certificate, key) = authority.identity(rules.names, rules.until);
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = rules.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// An upstream that runs `serve` for each connection that was accepted, with its number.
pub fn serve(config: Arc<ServerConfig>, serve: impl Fn(usize, TlsStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let (config, serve) = (Arc::clone(&config), Arc::clone(&serve));
            std::thread::spawn(move || {
                serve(number, StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
            });
        }
    });
    address
}

/// An upstream over TLS that answers every request with these bytes.
pub fn fixed(config: Arc<ServerConfig>, answer: Vec<u8>) -> SocketAddr {
    serve(config, move |_, mut stream| while read_request(&mut stream) && stream.write_all(&answer).is_ok() {})
}

/// Reads a request with a length; false at the end, however it came.
pub fn read_request(stream: &mut TlsStream) -> bool {
    let (mut read, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return true;
            }
        }
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => read.extend_from_slice(&piece[..n]),
            _ => return false,
        }
    }
}
