//! What can go wrong between the gateway and an upstream.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::dial::tls::TlsFailure;

/// Why an [`Upstream`](crate::Upstream) could not be set up.
///
/// No variant carries a credential; addresses are those that the operator wrote.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// `base_url` is not an absolute `http` or `https` URL.
    #[error("provider {provider}: base_url {url:?} is not usable: write http://host[:port][/path] or https://…")]
    BadUrl {
        /// The provider's name.
        provider: String,
        /// The URL as configured.
        url: String,
    },
    /// The URL's host is neither an IP address nor a DNS name that TLS can verify.
    #[error("provider {provider}: {host:?} cannot be verified by TLS: use a DNS name or an IP address")]
    BadServerName {
        /// The provider's name.
        provider: String,
        /// The host part of `base_url`.
        host: String,
    },
    /// A configured header, or the key, holds bytes that no header value may hold (RFC 9110 section 5.5).
    #[error("provider {provider}: header {header:?} is not a valid HTTP header: remove line breaks and control bytes")]
    BadHeader {
        /// The provider's name.
        provider: String,
        /// The header's name; its value may be a secret and is never shown.
        header: String,
    },
    /// `ca_file` holds no certificate, or something that is none.
    #[error("provider {provider}: ca_file {file:?}: {why}: give a PEM file with at least one CERTIFICATE")]
    CaFile {
        /// The provider's name.
        provider: String,
        /// The file as configured.
        file: PathBuf,
        /// What was wrong with it.
        why: String,
    },
    /// What the provider is to be told who asks by cannot be used.
    #[error("provider {provider}: credentials: {why}: give the file of a service account's key, as Google makes it")]
    Credentials {
        /// The provider's name.
        provider: String,
        /// What was wrong, without a word of what stands in it.
        why: String,
    },
    /// The TLS library refused its own settings.
    #[error("provider {provider}: TLS could not be set up: {source}")]
    Tls {
        /// The provider's name.
        provider: String,
        /// The library's reason.
        source: rustls::Error,
    },
}

/// Which deadline passed before the response head was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// TCP and TLS together took longer than `connect_timeout`.
    Connect,
    /// The head did not come within `first_byte_timeout` after the request was handed over.
    FirstByte,
    /// The whole attempt ran out of `total_timeout`.
    Total,
}

/// Why one attempt gave no response head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttemptError {
    /// Every connection this worker may have is taken and the queue is full, or the wait in it was too long.
    #[error(
        "the upstream's connections are all taken (raise max_connections or max_waiting); retry after {retry_after:?}"
    )]
    Busy {
        /// When it makes sense to come back, at least one second.
        retry_after: Duration,
    },
    /// The upstream's name has never resolved.
    #[error("the upstream's name has no address yet: check base_url and the resolver")]
    Unresolved,
    /// No address accepted a TCP connection.
    #[error("no address of the upstream accepts connections ({0}): check base_url and that the provider is up")]
    Connect(io::ErrorKind),
    /// TLS was not agreed: an untrusted certificate, a wrong name, or no common protocol.
    #[error("TLS with the upstream failed ({0}): check base_url, ca_file and http2")]
    Tls(TlsFailure),
    /// The upstream took no request on its HTTP/2 connections, or said of this one that it did not process it (RFC 9113
    /// section 8.7), and went on saying so.
    #[error("the upstream refuses requests on its HTTP/2 connections without processing them")]
    Refused,
    /// A deadline passed.
    #[error("the upstream was too slow ({0:?} deadline)")]
    Timeout(Which),
    /// The connection ended before the first byte of an answer.
    #[error("the upstream closed the connection before it answered")]
    ClosedBeforeHead {
        /// Whether any byte of the request may have reached the upstream's application.
        sent: bool,
        /// Whether the method is idempotent (RFC 9110 section 9.2.2), so that doing it twice does no harm.
        idempotent: bool,
        /// Whether the connection had served before, and ended without a byte of an answer as soon as the request was
        /// put on it: the upstream had closed it by then, and has not carried the request out.
        stale: bool,
    },
    /// The upstream answered with something that is not a valid HTTP response head, or too large a one.
    #[error("the upstream's answer is not HTTP this gateway accepts ({0})")]
    Protocol(&'static str),
    /// Nothing is there that tells the provider who asks: no token could be had, or none in time.
    #[error("there is no access token for the upstream: see its trouble in /readyz?verbose")]
    NoCredential,
    /// The request given to this crate cannot be put on the wire (its target is not a path).
    #[error("the request cannot be sent upstream: its target must be a path")]
    BadTarget,
}

impl AttemptError {
    /// Whether it met a kept connection that the upstream had closed: it says nothing of the upstream, and the request
    /// should be sent at once on another one ([`ConnectionPool::send_fresh`](crate::ConnectionPool::send_fresh)).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::ClosedBeforeHead { stale: true, .. })
    }

    /// The metric label of this failure; one of those of [`UpstreamStats::errors`](crate::stats::UpstreamStats::errors).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.slot().label()
    }

    pub(crate) fn slot(&self) -> ErrorSlot {
        match self {
            Self::Busy { .. } => ErrorSlot::Busy,
            Self::Unresolved => ErrorSlot::Unresolved,
            Self::Connect(_) => ErrorSlot::Connect,
            Self::Tls(_) => ErrorSlot::Tls,
            Self::Refused => ErrorSlot::Refused,
            Self::Timeout(Which::Connect) => ErrorSlot::ConnectTimeout,
            Self::Timeout(Which::FirstByte) => ErrorSlot::FirstByteTimeout,
            Self::Timeout(Which::Total) => ErrorSlot::TotalTimeout,
            Self::ClosedBeforeHead { .. } => ErrorSlot::Closed,
            Self::Protocol(_) => ErrorSlot::Protocol,
            Self::NoCredential => ErrorSlot::NoCredential,
            Self::BadTarget => ErrorSlot::BadTarget,
        }
    }
}

/// How a body came apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection ended before the body did.
    Cut,
    /// The chunked framing or the length was wrong (RFC 9112 section 7.1, RFC 9113 section 8.1.1).
    Framing,
    /// The upstream reset the HTTP/2 stream.
    Reset,
    /// The socket failed.
    Io,
}

impl Break {
    /// What a failed read means: a TLS stream that was cut, or bytes that are no TLS, come as errors too.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Framing,
            _ => Self::Io,
        }
    }
}

/// Why a response body did not come to its end. A body that gave an error never gives a clean end afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// No byte came for `idle_timeout`.
    #[error("the upstream fell silent in the middle of its answer (idle_timeout)")]
    Idle,
    /// The exchange as a whole took longer than `total_timeout`.
    #[error("the upstream's answer took too long as a whole (total_timeout)")]
    Total,
    /// The upstream ended the body in a way that is not its end.
    #[error("the upstream's answer broke off ({0:?})")]
    Broken(Break),
}

impl BodyError {
    /// The metric label of this failure; one of those of [`UpstreamStats::errors`](crate::stats::UpstreamStats::errors).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.slot().label()
    }

    pub(crate) fn slot(self) -> ErrorSlot {
        match self {
            Self::Idle => ErrorSlot::BodyIdle,
            Self::Total => ErrorSlot::BodyTotal,
            Self::Broken(_) => ErrorSlot::BodyBroken,
        }
    }
}

/// One error counter for each kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorSlot {
    Busy,
    Unresolved,
    Connect,
    Tls,
    Refused,
    ConnectTimeout,
    FirstByteTimeout,
    TotalTimeout,
    Closed,
    Protocol,
    NoCredential,
    BadTarget,
    BodyIdle,
    BodyTotal,
    BodyBroken,
}

impl ErrorSlot {
    pub(crate) const ALL: [Self; 15] = [
        Self::Busy,
        Self::Unresolved,
        Self::Connect,
        Self::Tls,
        Self::Refused,
        Self::ConnectTimeout,
        Self::FirstByteTimeout,
        Self::TotalTimeout,
        Self::Closed,
        Self::Protocol,
        Self::NoCredential,
        Self::BadTarget,
        Self::BodyIdle,
        Self::BodyTotal,
        Self::BodyBroken,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Unresolved => "unresolved",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Refused => "refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Closed => "closed",
            Self::Protocol => "protocol",
            Self::NoCredential => "no_credential",
            Self::BadTarget => "bad_target",
            Self::BodyIdle => "body_idle",
            Self::BodyTotal => "body_total",
            Self::BodyBroken => "body_broken",
        }
    }
}
