//! The codings that a body may come in, and how a head names them.

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// What `Accept-Encoding` says of them (RFC 9110 section 12.5.3).
pub(crate) const CODINGS: &str = "gzip, deflate, br, zstd";

/// A coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// What a head names in place of one of them, in no more than 64 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownCoding(pub(crate) String);

impl Coding {
    /// The coding that a body's headers name; none if it is as it is.
    ///
    /// # Errors
    /// [`UnknownCoding`] for one that is not known, and for more than one on top of another.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, UnknownCoding> {
        Self::among(headers, |name| !name.is_empty())
    }

    /// The same of an answer, of which `identity` says nothing, however often it is said (RFC 9110 section 8.4.1).
    ///
    /// # Errors
    /// [`UnknownCoding`], as for [`of`](Self::of).
    pub(crate) fn of_answer(headers: &HeaderMap) -> Result<Option<Self>, UnknownCoding> {
        Self::among(headers, |name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
    }

    fn among(headers: &HeaderMap, says: impl Fn(&[u8]) -> bool) -> Result<Option<Self>, UnknownCoding> {
        if !headers.contains_key(CONTENT_ENCODING) {
            return Ok(None);
        }
        let values = headers.get_all(CONTENT_ENCODING).into_iter();
        let mut names = values
            .flat_map(|value| value.as_bytes().split(|b| *b == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| says(name));
        let (first, second) = (names.next().unwrap_or(b"identity"), names.next());
        let is = |name: &str| second.is_none() && first.eq_ignore_ascii_case(name.as_bytes());
        if is("identity") {
            Ok(None)
        } else if is("gzip") || is("x-gzip") {
            Ok(Some(Self::Gzip))
        } else if is("deflate") {
            Ok(Some(Self::Deflate))
        } else if is("br") {
            Ok(Some(Self::Brotli))
        } else if is("zstd") {
            Ok(Some(Self::Zstd))
        } else {
            let all: Vec<_> = [first].into_iter().chain(second).chain(names).map(String::from_utf8_lossy).collect();
            Err(UnknownCoding(all.join(", ").chars().take(64).collect()))
        }
    }

    /// As `Content-Encoding` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}
