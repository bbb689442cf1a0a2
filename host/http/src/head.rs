//! Whether a request's head is valid: RFC 9110, 9112 and 9113 as far as a parsed head can tell.
//!
//! Whoever parses a head refuses broken grammar before this check is asked; here is refused what two servers in a row may
//! read in two ways, for that is how requests are smuggled. A gateway has no reason to be liberal. HTTP/1 heads are judged
//! by these rules while they are read ([`request`](crate::request)).

mod authority;
mod invalid;
mod signs;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use http::header::HeaderValue;
use http::request::Parts;
use http::{Method, Version};

pub use invalid::InvalidHead;
pub use signs::FramingHeaders;

/// What a head is judged by: how large it may be, and what its connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the head as HTTP/1.1 would write it: request line, fields, blank line.
    pub bytes: usize,
    /// Header fields, each line counted.
    pub headers: usize,
    /// Whether the way to the client is secured, so that `https` resources may be asked for (RFC 9110 section 7.4).
    pub secured: bool,
}

/// Checks a request's head. Allocates nothing. What the path says is not its business: routes are matched exactly.
///
/// # Errors
/// The first rule that is broken; size is checked first, so that no other rule reads an oversized head.
pub fn check(parts: &Parts, limits: &HeadLimits) -> Result<(), InvalidHead> {
    if parts.headers.len() > limits.headers {
        return Err(InvalidHead::TooManyHeaders);
    }
    if head_bytes(parts) > limits.bytes {
        return Err(InvalidHead::HeadTooLarge);
    }
    let mut signs = FramingHeaders::default();
    for (name, value) in &parts.headers {
        signs.note(name, value.as_bytes());
    }
    judge(parts, &signs, limits.secured)
}

/// The rules, for a head whose size is known to be valid and whose fields `signs` has noted.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn judge(parts: &Parts, signs: &FramingHeaders<'_>, secured: bool) -> Result<(), InvalidHead> {
    match parts.version {
        Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2 => {}
        _ => return Err(InvalidHead::UnsupportedVersion),
    }
    if parts.method == Method::CONNECT || parts.method == Method::TRACE {
        return Err(InvalidHead::MethodNotAllowed);
    }
    signs.check_framing(parts.version)?;
    check_target(parts, secured)?;
    signs.check_host(parts)?;
    signs.check_once()?;
    signs.check_expect()
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
fn check_target(parts: &Parts, secured: bool) -> Result<(), InvalidHead> {
    let uri = &parts.uri;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if secured => {}
        Some("https") => return Err(InvalidHead::Misdirected),
        // Of HTTP/2, too, the scheme is a part of the target.
        None if uri.authority().is_none() => {}
        _ => return Err(InvalidHead::BadTarget),
    }
    match uri.path() {
        path if path.starts_with('/') => Ok(()),
        "*" if parts.method == Method::OPTIONS => Ok(()),
        _ => Err(InvalidHead::BadTarget),
    }
}
