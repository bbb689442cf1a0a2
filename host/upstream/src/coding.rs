//! The content coding of answers: none (RFC 9110 section 8.4).
//!
//! A client that accepts more could have it where nothing here reads the answer. There is no such endpoint: of each answer
//! it is read whether it is one, whether all of it has come, and what it used, and none of that can be told of coded
//! bytes. So `identity` is all that is ever asked for, whatever the client accepts, and an answer in anything else is none.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// What is asked for, as HTTP/1 writes it behind another field.
pub(crate) const FIELD: &[u8] = b"\r\naccept-encoding: identity\r\n";

/// What is asked for, for HTTP/2.
pub(crate) fn asked_for() -> HeaderValue {
    HeaderValue::from_static("identity")
}

/// Whether an answer is in a content coding, although it was asked not to be. Repeated fields are one list, of which empty
/// members and `identity` say nothing (RFC 9110 sections 5.6.1 and 8.4.1).
#[must_use]
pub fn is_coded(headers: &HeaderMap) -> bool {
    if !headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    let mut names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    names.any(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
}
