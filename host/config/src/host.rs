//! The host of a URL, in the one form in which it is compared, shown and called.
//!
//! What libraries read in several ways is no host here: `127.1`, `2130706433` and `0x7f000001` are addresses to some and names to
//! others, and what was compared as the one would be called as the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of a name (RFC 1035 section 2.3.4), and of a label of it.
const NAME: usize = 253;
const LABEL: usize = 63;

/// A host that was found to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hostname {
    /// A name in lower case without a dot at its end, an IPv4 address, or an IPv6 address in brackets in its shortest form.
    pub text: String,
    /// Whether it is this machine by its form: `localhost` and what is below it (RFC 6761 section 6.3), `127.0.0.0/8`, `[::1]`.
    pub is_loopback: bool,
}

/// Why a text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// There is nothing.
    #[error("has no host")]
    Missing,
    /// It is neither a name nor an address, or not to everybody the same.
    #[error("has a host that is not one")]
    Bad,
}

impl Hostname {
    /// Reads the host of an authority: what is before the port, an IPv6 address with its brackets.
    ///
    /// # Errors
    /// [`HostFault`].
    pub fn read(text: &str) -> Result<Self, HostFault> {
        if let Some(rest) = text.strip_prefix('[') {
            let address = rest.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
            let address = address.ok_or(HostFault::Bad)?;
            let is_loopback = address.to_canonical().is_loopback();
            return Ok(Self { text: format!("[{address}]"), is_loopback });
        }
        // One dot at the end makes a name absolute, and is no part of it.
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if text.is_empty() {
            return Err(HostFault::Missing);
        }
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            // With a dot behind it some take it for a name.
            let is_loopback = IpAddr::V4(address).is_loopback();
            return if text.ends_with('.') { Err(HostFault::Bad) } else { Ok(Self { text: name, is_loopback }) };
        }
        if name.len() > NAME || !name.split('.').all(is_label) || name.rsplit('.').next().is_none_or(is_number) {
            return Err(HostFault::Bad);
        }
        let is_loopback = name == "localhost" || name.ends_with(".localhost");
        Ok(Self { text: name, is_loopback })
    }
}

fn is_label(label: &str) -> bool {
    let valid = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    valid && (1..=LABEL).contains(&label.len())
}

/// Whether a last label makes some read the whole as an address (WHATWG URL, "ends in a number").
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || label.bytes().all(|b| b.is_ascii_digit())
}
