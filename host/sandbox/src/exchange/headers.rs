//! Headers that plugins may see and write, and how many of them.

use crate::framing::FRAMING;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use weir_http::reserved;

/// Headers of one message while plugins add to them, and the bytes of their names and values.
pub(super) const HEADERS: usize = 200;
pub(super) const HEADER_BYTES: usize = 64 << 10;

/// Headers that the host alone sets, beside those that frame the message: it reads bodies, and it names requests.
pub(super) const HOST_OWNED: [&str; 3] = ["content-encoding", "accept-encoding", "x-request-id"];

/// Sets a header, within bounds: a flood of them would be refused by whoever reads them next.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<(), String> {
    let others = headers.iter().filter(|(other, _)| **other != name);
    let (count, bytes) = others.fold((0, 0), |(c, b), (n, v)| (c + 1, b + n.as_str().len() + v.len()));
    if count >= HEADERS || bytes + name.as_str().len() + value.len() > HEADER_BYTES {
        return Err(format!("headers are bounded: {HEADERS} of them and {HEADER_BYTES} bytes"));
    }
    headers.try_insert(name, value).map(|_| ()).map_err(|e| e.to_string())
}

/// Whether a plugin may see a header.
pub(crate) fn visible(name: &str) -> bool {
    !reserved::is_credential(name)
}

/// The header name that a plugin wants to write, or why it may not.
pub(crate) fn writable_name(name: &str) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "not a header name".to_owned())?;
    let own = FRAMING.contains(&name.as_str()) || HOST_OWNED.contains(&name.as_str());
    if !visible(name.as_str()) || own {
        return Err(format!("`{name}` is the gateway's own"));
    }
    Ok(name)
}

/// The same of a header of the answer: what the gateway says there itself, or strips from what providers say, no plugin says.
pub(crate) fn writable_reply_name(name: &str) -> Result<HeaderName, String> {
    let name = writable_name(name)?;
    if reserved::is_the_gateways(name.as_str()) {
        return Err(format!("`{name}` is the gateway's own"));
    }
    Ok(name)
}
