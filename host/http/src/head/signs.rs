//! What the fields of a request's head say of its host, of its body and of its connection.

use http::Version;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TRANSFER_ENCODING};
use http::request::Parts;

use super::InvalidHead;
use super::authority::Authority;

/// What a head's fields have said so far. Each is told of once, in any order, and not looked for again.
#[derive(Debug, Default, Clone, Copy)]
pub struct FramingHeaders<'a> {
    host: Option<&'a [u8]>,
    many_hosts: bool,
    length: Length,
    encoding: Encoding,
    /// There is an expectation,
    expects: bool,
    /// and one that nobody here can meet.
    bad_expectation: bool,
    authorized: bool,
    many_authorizations: bool,
    close: bool,
    keep_alive: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Of(u64),
    Bad,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    #[default]
    Absent,
    Chunked,
    Bad,
}

impl<'a> FramingHeaders<'a> {
    /// Takes note of a field.
    pub fn note(&mut self, name: &HeaderName, value: &'a [u8]) {
        if *name == HOST {
            self.many_hosts = self.host.replace(value).is_some();
        } else if *name == CONTENT_LENGTH {
            self.length = match (self.length, number(value)) {
                (Length::Absent, Some(length)) => Length::Of(length),
                _ => Length::Bad,
            };
        } else if *name == TRANSFER_ENCODING {
            self.encoding = match self.encoding {
                Encoding::Absent if value.eq_ignore_ascii_case(b"chunked") => Encoding::Chunked,
                _ => Encoding::Bad,
            };
        } else if *name == CONNECTION {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if *name == AUTHORIZATION {
            self.many_authorizations |= std::mem::replace(&mut self.authorized, true);
        } else if *name == EXPECT {
            self.expects = true;
            self.bad_expectation |= !value.eq_ignore_ascii_case(b"100-continue");
        }
    }

    /// The length of the body, if the fields say it and say it well.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.length {
            Length::Of(length) => Some(length),
            Length::Absent | Length::Bad => None,
        }
    }

    /// Whether the body comes in chunks.
    pub(crate) fn chunked(&self) -> bool {
        self.encoding == Encoding::Chunked
    }

    /// Whether the client waits to be told to send its body. What HTTP/1.0 expects is ignored (RFC 9110 section 10.1.1).
    pub(crate) fn expects(&self, version: Version) -> bool {
        self.expects && version == Version::HTTP_11
    }

    /// Whether the connection may serve another request after this one (RFC 9112 section 9.3).
    pub(crate) fn keeps_alive(&self, version: Version) -> bool {
        !self.close && (version == Version::HTTP_11 || self.keep_alive)
    }

    /// Exactly one host, well formed, and the same wherever it stands.
    pub(super) fn check_host(&self, parts: &Parts) -> Result<(), InvalidHead> {
        if self.many_hosts {
            return Err(InvalidHead::ManyHosts);
        }
        let field = self.host.map(|value| Authority::parse(value).ok_or(InvalidHead::BadHost)).transpose()?;
        let target = parts.uri.authority();
        let target = target
            .map(|target| Authority::parse(target.as_str().as_bytes()).ok_or(InvalidHead::BadTarget))
            .transpose()?;
        match (target, field) {
            (Some(target), Some(field)) if target.same(&field, parts.uri.scheme_str()) => Ok(()),
            (Some(_), Some(_)) => Err(InvalidHead::HostMismatch),
            (None, Some(_)) => Ok(()),
            (Some(_), None) if parts.version != Version::HTTP_11 => Ok(()),
            (None, None) if parts.version == Version::HTTP_10 => Ok(()),
            (_, None) => Err(InvalidHead::MissingHost),
        }
    }

    /// One way, and one way only, to tell where the body ends (RFC 9112 section 6).
    pub(super) fn check_framing(&self, version: Version) -> Result<(), InvalidHead> {
        match (self.encoding, self.length) {
            (Encoding::Absent, Length::Bad) => Err(InvalidHead::BadLength),
            (Encoding::Absent, Length::Absent | Length::Of(_)) => Ok(()),
            (_, Length::Of(_) | Length::Bad) => Err(InvalidHead::LengthAndEncoding),
            (Encoding::Chunked, Length::Absent) if version == Version::HTTP_11 => Ok(()),
            (_, Length::Absent) => Err(InvalidHead::TransferEncoding),
        }
    }

    /// Fields that only one of can mean something are there once.
    pub(super) fn check_once(&self) -> Result<(), InvalidHead> {
        if self.many_authorizations { Err(InvalidHead::ManyAuthorizations) } else { Ok(()) }
    }

    pub(super) fn check_expect(&self) -> Result<(), InvalidHead> {
        if self.bad_expectation { Err(InvalidHead::Expectation) } else { Ok(()) }
    }
}

/// `1*DIGIT` that fits 64 bits (RFC 9110 section 8.6).
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(value)
    })
}
