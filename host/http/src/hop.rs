//! Hop-by-hop fields: what concerns one connection and must not travel on (RFC 9110 section 7.6.1).

use crate::reserved;
use http::header::{ALT_SVC, CONNECTION, HeaderMap, HeaderName};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Takes from a response what must not reach the client: `Connection` and the fields that it names, `Keep-Alive`, `TE`,
/// `Trailer`, `Transfer-Encoding`, `Upgrade`, `HTTP2-Settings`, `Expect`, every `Proxy-…`, and `Alt-Svc`, by which an
/// upstream invites to another door of its own; for our clients we are the origin (RFC 7838 section 2.4).
///
/// An upstream cannot make `Connection` name a field that says who is asking, for whom, or what the body is
/// (`Authorization`, `Content-Length`, `Host`, `X-Api-Key` and the like): those stay.
pub fn strip_response(h: &mut HeaderMap) {
    strip(h);
    if h.contains_key(ALT_SVC) {
        h.remove(ALT_SVC);
    }
}

fn strip(h: &mut HeaderMap) {
    if !h.keys().any(is_hop) {
        return;
    }
    for name in named_by_connection(h) {
        h.remove(name);
    }
    // Most often there is exactly one, `Connection`.
    while let Some(name) = h.keys().find(|name| is_hop(name)).cloned() {
        h.remove(name);
    }
}

/// The fields that `Connection` names and may name. Allocates only if there is one.
fn named_by_connection(h: &HeaderMap) -> Vec<HeaderName> {
    let options = h.get_all(CONNECTION).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    options
        .map(<[u8]>::trim_ascii)
        .filter(|option| !option.eq_ignore_ascii_case(b"keep-alive") && !option.eq_ignore_ascii_case(b"close"))
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .filter(|name| !is_protected(name) && h.contains_key(name))
        .collect()
}

fn is_hop(name: &HeaderName) -> bool {
    reserved::is_hop(name.as_str())
}

/// Fields that an intermediary relies on; a `Connection` that names one is an attempt to have it dropped on the way.
fn is_protected(name: &HeaderName) -> bool {
    let relied_on = [
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-request-id",
    ];
    relied_on.contains(&name.as_str()) || reserved::is_credential(name.as_str())
}
