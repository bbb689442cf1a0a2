//! `host` or `host:port` (RFC 3986 section 3.2, without user information).

use std::net::Ipv6Addr;

/// A checked authority, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority<'a> {
    host: &'a [u8],
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// None if it is not well formed. User information is refused: RFC 9110 section 4.2.4 asks to treat it as an error.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let host_len = match text.first()? {
            b'[' => memchr::memchr(b']', text)? + 1,
            _ => memchr::memchr(b':', text).unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at(host_len);
        let port = match rest.split_first() {
            None => None,
            Some((b':', digits)) => parse_port(digits)?,
            Some(_) => return None,
        };
        is_host(host).then_some(Self { host, port })
    }

    /// Whether both name the same host and port, a missing port being the scheme's.
    pub(super) fn same(&self, other: &Self, scheme: Option<&str>) -> bool {
        let default = match scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        };
        self.host.eq_ignore_ascii_case(other.host) && self.port.or(default) == other.port.or(default)
    }
}

/// `*DIGIT` up to 65535; the empty port is valid and means the default.
fn parse_port(digits: &[u8]) -> Option<Option<u16>> {
    if digits.is_empty() {
        return Some(None);
    }
    if digits.len() > 5 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().map(Some)
}

fn is_host(host: &[u8]) -> bool {
    if let Some(literal) = host.strip_prefix(b"[") {
        let address = literal.strip_suffix(b"]").and_then(|address| std::str::from_utf8(address).ok());
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    !host.is_empty() && is_reg_name(host)
}

/// `*( unreserved / pct-encoded / sub-delims )`, without the comma: whoever joins the lines of two fields makes one.
fn is_reg_name(host: &[u8]) -> bool {
    // A name with an encoded byte is hardly ever seen, and looked at once more.
    host.iter().all(|byte| is_plain(*byte)) || is_encoded_name(host)
}

fn is_encoded_name(host: &[u8]) -> bool {
    let mut bytes = host.iter();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(u8::is_ascii_hexdigit)),
            byte => is_plain(*byte),
        };
        if !valid {
            return false;
        }
    }
    true
}

/// `unreserved / sub-delims`, without the comma.
fn is_plain(byte: u8) -> bool {
    const PLAIN: [bool; 256] = plain();
    PLAIN.get(usize::from(byte)).copied().unwrap_or_default()
}

const fn plain() -> [bool; 256] {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    loop {
        if let Some(slot) = plain.split_at_mut(byte as usize).1.first_mut() {
            *slot = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'='
                );
        }
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => return plain,
        }
    }
}
