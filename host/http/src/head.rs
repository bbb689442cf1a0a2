//! Whether a request's head is lawful: RFC 9110, 9112 and 9113 as far as a parsed head can tell.
//!
//! hyper refuses broken grammar before this check is asked, but lets through what two servers in a row may read in two
//! ways, and that is how requests are smuggled. Here a gateway has no reason to be liberal.
//!
//! Some things cannot be seen any more in a head that hyper parsed; [`raw`](crate::raw) sees them in the bytes. The rules
//! still stand below for heads from elsewhere.

mod authority;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use http::header::{CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, StatusCode, Version};

use authority::Authority;

/// Why a request is refused before anybody asks what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unlawful {
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
    /// A target that is neither a path from `/` nor an absolute `http` or `https` URI (RFC 9112 section 3.2).
    #[error("the request's target must be a path that begins with `/`, or an absolute http or https URI")]
    BadTarget,
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

impl Unlawful {
    /// The status to answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingHost
            | Self::ManyHosts
            | Self::BadHost
            | Self::HostMismatch
            | Self::BadTarget
            | Self::TransferEncoding
            | Self::LengthAndEncoding
            | Self::BadLength
            | Self::BareLineFeed => StatusCode::BAD_REQUEST,
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
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TransferEncoding => "bad_transfer_encoding",
            Self::LengthAndEncoding => "length_and_encoding",
            Self::BadLength => "bad_content_length",
            Self::BareLineFeed => "bare_line_feed",
            Self::TooManyHeaders => "too_many_headers",
            Self::HeadTooLarge => "head_too_large",
            Self::Expectation => "expectation_failed",
            Self::UnsupportedVersion => "unsupported_version",
        }
    }
}

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the head as HTTP/1.1 would write it: request line, fields, blank line.
    pub bytes: usize,
    /// Header fields, each line counted.
    pub headers: usize,
}

/// Checks a request's head. Allocates nothing. What the path says is not its business: routes are matched exactly.
///
/// # Errors
/// The first rule that is broken; size is checked first, so that no other rule reads an oversized head.
pub fn check(parts: &Parts, limits: &HeadLimits) -> Result<(), Unlawful> {
    match parts.version {
        Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2 => {}
        _ => return Err(Unlawful::UnsupportedVersion),
    }
    if parts.headers.len() > limits.headers {
        return Err(Unlawful::TooManyHeaders);
    }
    if head_bytes(parts) > limits.bytes {
        return Err(Unlawful::HeadTooLarge);
    }
    if parts.method == Method::CONNECT || parts.method == Method::TRACE {
        return Err(Unlawful::MethodNotAllowed);
    }
    check_target(parts)?;
    check_host(parts)?;
    check_framing(&parts.headers, parts.version)?;
    check_expect(&parts.headers)
}

/// The size of the head as HTTP/1.1 would write it, in bytes; for HTTP/2 that is its size before compression.
fn head_bytes(parts: &Parts) -> usize {
    let uri = &parts.uri;
    let target = uri.scheme_str().map_or(0, |scheme| scheme.len() + 3)
        + uri.authority().map_or(0, |authority| authority.as_str().len())
        + uri.path_and_query().map_or(0, |path| path.as_str().len());
    let line = parts.method.as_str().len() + target + " ".len() * 2 + "HTTP/1.1\r\n".len();
    let field = |(name, value): (&http::HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    line + parts.headers.iter().map(field).sum::<usize>() + "\r\n".len()
}

/// Origin-form or absolute-form (RFC 9112 section 3.2), and `*` for OPTIONS.
fn check_target(parts: &Parts) -> Result<(), Unlawful> {
    let uri = &parts.uri;
    if uri.authority().is_some() && !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(Unlawful::BadTarget);
    }
    match uri.path() {
        path if path.starts_with('/') => Ok(()),
        "*" if parts.method == Method::OPTIONS => Ok(()),
        _ => Err(Unlawful::BadTarget),
    }
}

/// Exactly one host, well formed, and the same wherever it stands.
fn check_host(parts: &Parts) -> Result<(), Unlawful> {
    let mut fields = parts.headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(Unlawful::ManyHosts);
    }
    let field = field.map(|value| Authority::parse(value.as_bytes()).ok_or(Unlawful::BadHost)).transpose()?;
    let target = parts.uri.authority();
    let target =
        target.map(|target| Authority::parse(target.as_str().as_bytes()).ok_or(Unlawful::BadTarget)).transpose()?;
    match (target, field) {
        (Some(target), Some(field)) if target.same(&field, parts.uri.scheme_str()) => Ok(()),
        (Some(_), Some(_)) => Err(Unlawful::HostMismatch),
        (None, Some(_)) => Ok(()),
        (Some(_), None) if parts.version != Version::HTTP_11 => Ok(()),
        (None, None) if parts.version == Version::HTTP_10 => Ok(()),
        (_, None) => Err(Unlawful::MissingHost),
    }
}

/// One way, and one way only, to tell where the body ends (RFC 9112 section 6).
fn check_framing(headers: &HeaderMap, version: Version) -> Result<(), Unlawful> {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (encoding, length) = (encodings.next(), lengths.next());
    if let Some(encoding) = encoding {
        if length.is_some() {
            return Err(Unlawful::LengthAndEncoding);
        }
        let chunked = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !chunked || encodings.next().is_some() || version != Version::HTTP_11 {
            return Err(Unlawful::TransferEncoding);
        }
    }
    match length {
        Some(length) if lengths.next().is_some() || !is_length(length.as_bytes()) => Err(Unlawful::BadLength),
        _ => Ok(()),
    }
}

/// `1*DIGIT` that fits 64 bits (RFC 9110 section 8.6).
fn is_length(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit) && std::str::from_utf8(value).is_ok_and(|digits| digits.parse::<u64>().is_ok())
}

fn check_expect(headers: &HeaderMap) -> Result<(), Unlawful> {
    let met = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().all(met) { Ok(()) } else { Err(Unlawful::Expectation) }
}
