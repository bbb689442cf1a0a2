//! A request head as it goes over the wire (RFC 9112 section 3).

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Request};

use crate::coding;

/// Writes the head of `request`. Its target is the path, its host is `host` and its framing that of the body, whatever
/// its URI and its headers say, and it asks for an answer that is not compressed.
pub(super) fn head(out: &mut Vec<u8>, request: &Request<Bytes>, host: &HeaderValue) {
    let method = request.method();
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    out.extend_from_slice(method.as_str().as_bytes());
    out.extend_from_slice(b" ");
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(coding::FIELD);
    for (name, value) in request.headers() {
        if !is_own(name) {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    let length = request.body().len();
    if length > 0 || awaits_body(method) {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(b"content-length: ");
        out.extend_from_slice(digits.format(length).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a field is written here.
fn is_own(name: &HeaderName) -> bool {
    *name == HOST || *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING || *name == ACCEPT_ENCODING
}

/// Whether the absence of a body must be said (RFC 9110 section 8.6).
fn awaits_body(method: &Method) -> bool {
    *method == Method::POST || *method == Method::PUT || *method == Method::PATCH
}

#[cfg(test)]
mod tests;
