//! The base URL of a provider.

use crate::host::{HostFault, Hostname};

/// What is wrong with a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlFault {
    #[error("is not an http:// or https:// URL")]
    Scheme,
    #[error("holds a user name or password")]
    UserInfo,
    #[error("has a query or a fragment")]
    Query,
    #[error("has no host")]
    NoHost,
    #[error("has a host that is not one")]
    BadHost,
    #[error("has a port that is not one")]
    BadPort,
    #[error("has a character in its path that a URL does not allow")]
    BadPath,
}

/// A base URL that was found to be valid (RFC 3986 section 3, http and https only).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    /// The URL without a trailing slash.
    pub(crate) text: String,
    /// Whether it is `http://`.
    pub(crate) plain: bool,
    /// Whether the host is this machine: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub(crate) loopback: bool,
    /// Whether anything stands behind the host, be it a slash alone, which says that the root is meant.
    pub(crate) has_path: bool,
}

/// Checks a base URL: scheme, host, optional port, optional path; nothing else.
pub(crate) fn base_url(text: &str) -> Result<BaseUrl, UrlFault> {
    let (scheme, rest) = text.split_once("://").ok_or(UrlFault::Scheme)?;
    let plain = match scheme.to_ascii_lowercase().as_str() {
        "http" => true,
        "https" => false,
        _ => return Err(UrlFault::Scheme),
    };
    if rest.contains(['?', '#']) {
        return Err(UrlFault::Query);
    }
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err(UrlFault::UserInfo);
    }
    let loopback = check_authority(authority)?;
    if !valid_path(path) {
        return Err(UrlFault::BadPath);
    }
    Ok(BaseUrl { text: text.trim_end_matches('/').to_owned(), plain, loopback, has_path: !path.is_empty() })
}

/// Whether a base URL ends in the path of an endpoint: somebody has copied the URL that a request goes to. One that only
/// ends in `models` may well be a base: Azure's is. `endings` are in lower case.
pub(crate) fn ends_in(url: &BaseUrl, endings: &[&str]) -> bool {
    let text = url.text.to_ascii_lowercase();
    let ends = |end: &&str| text.strip_suffix(end).is_some_and(|rest| rest.ends_with('/') && !rest.ends_with("://"));
    endings.iter().any(ends)
}

/// Checks `host[:port]` and answers whether the host is this machine.
fn check_authority(authority: &str) -> Result<bool, UrlFault> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let host = Hostname::read(host).map_err(|fault| match fault {
        HostFault::Missing => UrlFault::NoHost,
        HostFault::Bad => UrlFault::BadHost,
    })?;
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':').ok_or(UrlFault::BadHost)?),
    };
    check_port(port)?;
    Ok(host.is_loopback)
}

fn check_port(port: Option<&str>) -> Result<(), UrlFault> {
    let Some(port) = port else { return Ok(()) };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        _ => Err(UrlFault::BadPort),
    }
}

/// The characters of a path (RFC 3986 section 3.3); percent signs are taken as they come.
fn valid_path(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
