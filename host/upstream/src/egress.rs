//! Requests of plugins to the outside: each over a connection of its own, to an address that was looked at first.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use weir_config::Authorities;
use weir_net::Transport;

use crate::dial::address::interleave;
use crate::dial::public::is_public;
use crate::dial::race::{Unreached, dial};
use crate::dial::sockets::Sockets;
use crate::dial::tls::{self, TlsFailure};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Headers of an answer, and bytes of its head.
const HEADERS: usize = 100;
const HEAD: usize = 64 << 10;

/// A way out: whom it trusts, and whether it leads to addresses that are not public.
pub struct Egress {
    private: bool,
    tls: TlsConnector,
}

/// Why an [`Egress`] could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EgressSetupError {
    /// The file of authorities holds no certificate, or something that is none.
    #[error("ca_file {file:?}: {why}: give a PEM file with at least one CERTIFICATE")]
    CaFile {
        /// The file as configured.
        file: PathBuf,
        /// What was wrong with it.
        why: String,
    },
    /// The TLS library refused its own settings.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why there is no answer. No variant holds an address or anything of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The URI is not `http` or `https` with a host.
    #[error("not an absolute http or https URL")]
    BadTarget,
    /// The name has no address.
    #[error("the host's name does not resolve ({0})")]
    Unresolved(io::ErrorKind),
    /// Every address of it is this machine, a private network or the like.
    #[error("the host's address is not public, and the operator does not allow such addresses (callouts.private)")]
    NotPublic,
    /// No address accepts a TCP connection.
    #[error("no connection ({0})")]
    Connect(io::ErrorKind),
    /// TLS was not agreed.
    #[error("TLS failed ({0})")]
    Tls(Box<str>),
    /// The whole answer was not there in time.
    #[error("it was not answered in time")]
    Timeout,
    /// The answer is larger than the bound.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke, or what came is no HTTP.
    #[error("no whole HTTP answer ({0})")]
    Broken(String),
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("private", &self.private).finish_non_exhaustive()
    }
}

impl Egress {
    /// A way out that trusts these authorities, or the public ones if there are none. `private` lets it lead
    /// to addresses that are not public.
    ///
    /// # Errors
    /// [`EgressSetupError`]: the file cannot be used.
    pub fn new(private: bool, authorities: Option<&Authorities>) -> Result<Self, EgressSetupError> {
        let file = || authorities.map(|authorities| authorities.file().to_path_buf()).unwrap_or_default();
        let roots = tls::roots(authorities).map_err(|why| EgressSetupError::CaFile { file: file(), why })?;
        let config = tls::client(roots, &[b"http/1.1"])?;
        Ok(Self { private, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends a request, whose URI is absolute, and reads the whole answer, of which the body has at most `most` bytes.
    /// `within` bounds everything, the look-up of the name included. Redirects are answers like others. Dropping the
    /// future closes the connection.
    ///
    /// # Errors
    /// [`EgressError`], each with its reason.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        most: usize,
        within: Duration,
    ) -> Result<Response<Bytes>, EgressError> {
        let end = Instant::now().checked_add(within).unwrap_or_else(Instant::now);
        timeout_at(end, self.exchange(request, most, end)).await.unwrap_or(Err(EgressError::Timeout))
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        most: usize,
        end: Instant,
    ) -> Result<Response<Bytes>, EgressError> {
        let target = Target::of(request.uri())?;
        request.headers_mut().insert(HOST, target.host_header);
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        *request.uri_mut() = target.path;
        let addresses = vet(resolve(&target.host, target.port).await?, self.private)?;
        // What was looked at is what is dialled: nobody asks for the name again.
        let open = |address| Sockets::default().open(address);
        let (_, tcp, _) = dial(&addresses, end, open, |_, _| {}).await.map_err(|why| match why {
            Unreached::Failed(kind) => EgressError::Connect(kind),
            Unreached::Nowhere | Unreached::TimedOut => EgressError::Timeout,
        })?;
        if !target.tls {
            return converse(Transport::Plain(tcp), request, most).await;
        }
        let name = ServerName::try_from(target.host).map_err(|_| EgressError::BadTarget)?;
        let tls = self
            .tls
            .connect(name, tcp)
            .await
            .map_err(|error| EgressError::Tls(TlsFailure::of(&error).to_string().into_boxed_str()))?;
        converse(Transport::Tls(Box::new(tls.into())), request, most).await
    }
}

/// Where a request goes.
struct Target {
    tls: bool,
    /// A name, or an address without brackets.
    host: String,
    port: u16,
    host_header: HeaderValue,
    path: Uri,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, EgressError> {
        let bad = || EgressError::BadTarget;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            tls,
            host: bare.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            host_header: HeaderValue::from_str(authority.as_str()).map_err(|_| bad())?,
            path: Uri::try_from(path).map_err(|_| bad())?,
        })
    }
}

/// The addresses of a host, in the order in which they are to be tried.
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((host, port)).await;
    let found = interleave(found.map_err(|error| EgressError::Unresolved(error.kind()))?);
    if found.is_empty() { Err(EgressError::Unresolved(io::ErrorKind::NotFound)) } else { Ok(found) }
}

/// Those of the addresses that may be called.
fn vet(mut found: Vec<SocketAddr>, private: bool) -> Result<Vec<SocketAddr>, EgressError> {
    found.retain(|address| private || is_public(address.ip()));
    if found.is_empty() { Err(EgressError::NotPublic) } else { Ok(found) }
}

/// One request and its answer. The connection is driven here and not by a task of its own, so that it ends with this.
async fn converse(stream: Transport, request: Request<Bytes>, most: usize) -> Result<Response<Bytes>, EgressError> {
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS).max_buf_size(HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|e| broken(&e))?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async move {
        let response = sender.send_request(request.map(Full::new)).await.map_err(|e| broken(&e))?;
        let (head, body) = response.into_parts();
        // hyper may read past its bound by as much again before it looks.
        if head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > HEAD {
            return Err(EgressError::TooLarge);
        }
        Ok(Response::from_parts(head, whole(body, most).await?))
    });
    let mut ended = false;
    poll_fn(|cx| {
        ended = ended || connection.as_mut().poll(cx).is_ready();
        answer.as_mut().poll(cx)
    })
    .await
}

/// The whole body, which is read no further than the bound.
async fn whole(mut body: Incoming, most: usize) -> Result<Bytes, EgressError> {
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(EgressError::TooLarge);
    }
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|e| broken(&e))?.into_data() else { continue };
        if read.len().saturating_add(data.len()) > most {
            return Err(EgressError::TooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

fn broken(error: &hyper::Error) -> EgressError {
    if error.is_parse_too_large() {
        return EgressError::TooLarge;
    }
    EgressError::Broken(error.to_string())
}
