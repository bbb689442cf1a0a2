//! The canonical form of a request, whose hash is what is signed.

use http::header::HOST;
use http::{HeaderMap, Method, Uri};

use crate::error::SigV4Error;

/// What a signature is about.
pub(crate) struct CanonicalRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    /// What `host` says, or in HTTP/2 `:authority`.
    pub(crate) host: &'a [u8],
    pub(crate) headers: &'a HeaderMap,
    /// The hash of the body, in hexadecimal digits.
    pub(crate) body: &'a str,
}

impl CanonicalRequest<'_> {
    /// Its text, with these headers in it; their names are in lower case and sorted.
    ///
    /// # Errors
    /// [`SigV4Error::Missing`]: one of these headers is not there.
    pub(crate) fn text(&self, signed: &[&str]) -> Result<Vec<u8>, SigV4Error> {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(self.method.as_str().as_bytes());
        text.push(b'\n');
        put_path(&mut text, self.uri.path());
        text.push(b'\n');
        put_query(&mut text, self.uri.query().unwrap_or_default());
        text.push(b'\n');
        for name in signed {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            self.put_header(&mut text, name)?;
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(signed.join(";").as_bytes());
        text.push(b'\n');
        text.extend_from_slice(self.body.as_bytes());
        Ok(text)
    }

    /// All values of a header, with commas between them.
    fn put_header(&self, text: &mut Vec<u8>, name: &str) -> Result<(), SigV4Error> {
        if name == HOST.as_str() {
            put_value(text, self.host);
            return Ok(());
        }
        let mut values = self.headers.get_all(name).iter();
        put_value(text, values.next().ok_or_else(|| SigV4Error::Missing(name.into()))?.as_bytes());
        for value in values {
            text.push(b',');
            put_value(text, value.as_bytes());
        }
        Ok(())
    }
}

/// A header's value without spaces at its ends, and with one in place of several.
fn put_value(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(|b| *b == b' ' || *b == b'\t').filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

/// A path without `.`, `..` and what stands between two slashes, and encoded once more than it is on the wire.
fn put_path(text: &mut Vec<u8>, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    for segment in &segments {
        text.push(b'/');
        segment.bytes().for_each(|byte| put_encoded(text, byte));
    }
    if segments.is_empty() || path.ends_with('/') {
        text.push(b'/');
    }
}

/// A byte as it is, if it means nothing in any part of a URI (RFC 3986 section 2.3), else by its number.
fn put_encoded(text: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        text.push(byte);
    } else {
        text.extend_from_slice(format!("%{byte:02X}").as_bytes());
    }
}

/// The parts of a query, sorted. Each is encoded already, and stays as it is.
fn put_query(text: &mut Vec<u8>, query: &str) {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let mut parts: Vec<(&str, &str)> = parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
    parts.sort_unstable();
    for (at, (name, value)) in parts.into_iter().enumerate() {
        if at > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
