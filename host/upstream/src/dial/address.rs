//! Where an upstream is: its URL taken apart, and the order in which its addresses are tried.

use std::net::{IpAddr, SocketAddr};

use http::Uri;
use http::uri::{Authority, Scheme};

/// A checked `base_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpstreamUrl {
    pub(crate) scheme: Scheme,
    /// As sent in `Host` and `:authority`; the default port is left out.
    pub(crate) authority: Authority,
    /// What comes before every path, without a trailing slash; may be empty.
    pub(crate) prefix: Box<str>,
    /// A DNS name, or an IP address without brackets.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
}

impl UpstreamUrl {
    /// `None` when `url` is not an absolute http or https URL without user name, query and fragment.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        if url.contains(['?', '#', '@']) {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme()?.clone();
        let default = if scheme == Scheme::HTTPS {
            443
        } else if scheme == Scheme::HTTP {
            80
        } else {
            return None;
        };
        let written = uri.authority()?;
        let host = uri.host()?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() {
            return None;
        }
        let port = match written.port() {
            Some(port) => port.as_u16(),
            None if written.as_str().ends_with(':') || written.as_str() == host => default,
            None => return None,
        };
        let authority = if port == default { host.parse().ok()? } else { format!("{host}:{port}").parse().ok()? };
        let prefix = uri.path().trim_end_matches('/').into();
        Some(Self { scheme, authority, prefix, host: bare.into(), port })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The address when the host is one already and needs no resolver.
    pub(crate) fn literal(&self) -> Option<SocketAddr> {
        self.host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, self.port))
    }
}

/// Addresses of both families in turn, beginning with the family that the resolver put first (RFC 8305 section 4);
/// duplicates go.
pub(crate) fn interleave(found: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut order: Vec<SocketAddr> = Vec::new();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for address in found {
        if order.contains(&address) {
            continue;
        }
        let leads = order.first().is_none_or(|head| head.is_ipv6() == address.is_ipv6());
        order.push(address);
        if leads { first.push(address) } else { second.push(address) }
    }
    order.clear();
    let mut second = second.into_iter();
    for address in first {
        order.push(address);
        order.extend(second.next());
    }
    order.extend(second);
    order
}

#[cfg(test)]
mod tests;
