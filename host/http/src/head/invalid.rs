//! What can be wrong with a request's head.

use http::StatusCode;

/// Why a request is refused before anybody asks what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidHead {
    /// Neither a `Host` field nor, in HTTP/2, an `:authority` (RFC 9112 section 3.2).
    #[error("the request names no host; send exactly one `Host` field")]
    MissingHost,
    /// More than one `Host` field (RFC 9112 section 3.2).
    #[error("the request has more than one `Host` field; send exactly one")]
    ManyHosts,
    /// A `Host` that is not `host` or `host:port` (RFC 9110 section 7.2).
    #[error("the `Host` field is not of the form `host` or `host:port`")]
    BadHost,
    /// The target names another host than the `Host` field (RFC 9112 section 3.2.2, RFC 9113 section 8.3.1).
    #[error("the request's target and its `Host` field name different hosts")]
    HostMismatch,
    /// A target that is neither a path from `/` nor an absolute `http` or `https` URI, or has a fragment (RFC 9112
    /// section 3.2).
    #[error("the request's target must be a path that begins with `/`, or an absolute http or https URI, without `#`")]
    BadTarget,
    /// A target of the scheme `https` on a connection without TLS (RFC 9110 section 7.4).
    #[error("the request is for an https resource, and this connection is not secured: send it to an http URI")]
    Misdirected,
    /// More than one `Authorization` (RFC 9110 sections 5.3 and 11.6.2): two answers to who is asking.
    #[error("the request has more than one `Authorization` field; send exactly one")]
    ManyAuthorizations,
    /// `CONNECT` and `TRACE` (RFC 9110 section 9.3): this is no tunnel and no mirror.
    #[error("the methods CONNECT and TRACE are not allowed here")]
    MethodNotAllowed,
    /// A `Transfer-Encoding` other than one `chunked`, or one outside HTTP/1.1 (RFC 9112 section 6.1).
    #[error("`Transfer-Encoding` must be exactly one `chunked`, and only in HTTP/1.1")]
    TransferEncoding,
    /// `Transfer-Encoding` and `Content-Length` together (RFC 9112 section 6.1): the classic of request smuggling.
    #[error("a request cannot have both `Transfer-Encoding` and `Content-Length`")]
    LengthAndEncoding,
    /// A `Content-Length` that is no number, or more than one (RFC 9112 section 6.3).
    #[error("`Content-Length` must be one decimal number, given once")]
    BadLength,
    /// A request line or a field line that is none (RFC 9112 sections 3 and 5): a space before the colon, a folded line,
    /// a control character.
    #[error("the request's head is not written as HTTP/1.1 demands")]
    Malformed,
    /// A line of the head that ends in a line feed alone (RFC 9112 section 2.2).
    #[error("every line of a request's head must end in CR LF")]
    BareLineFeed,
    /// More header fields than the limit.
    #[error("the request has too many header fields")]
    TooManyHeaders,
    /// More bytes of head than the limit.
    #[error("the request's head is too large")]
    HeadTooLarge,
    /// An `Expect` other than `100-continue` (RFC 9110 section 10.1.1).
    #[error("the only expectation that can be met is `100-continue`")]
    Expectation,
    /// A version other than HTTP/1.0, HTTP/1.1 and HTTP/2.
    #[error("the request's version of HTTP is not supported")]
    UnsupportedVersion,
}

impl InvalidHead {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingHost
            | Self::ManyHosts
            | Self::BadHost
            | Self::HostMismatch
            | Self::BadTarget
            | Self::ManyAuthorizations
            | Self::TransferEncoding
            | Self::LengthAndEncoding
            | Self::BadLength
            | Self::Malformed
            | Self::BareLineFeed => StatusCode::BAD_REQUEST,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyHeaders | Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::UnsupportedVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// A stable name for programs: error bodies, metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingHost => "missing_host",
            Self::ManyHosts => "many_hosts",
            Self::BadHost => "bad_host",
            Self::HostMismatch => "host_mismatch",
            Self::BadTarget => "bad_target",
            Self::Misdirected => "misdirected_request",
            Self::ManyAuthorizations => "many_authorizations",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TransferEncoding => "bad_transfer_encoding",
            Self::LengthAndEncoding => "length_and_encoding",
            Self::BadLength => "bad_content_length",
            Self::Malformed => "malformed_head",
            Self::BareLineFeed => "bare_line_feed",
            Self::TooManyHeaders => "too_many_headers",
            Self::HeadTooLarge => "head_too_large",
            Self::Expectation => "expectation_failed",
            Self::UnsupportedVersion => "unsupported_version",
        }
    }
}
