//! The content coding of answers: none (RFC 9110 section 8.4).
//!
//! A client that accepts more could have it where nothing here reads the answer. There is no such endpoint: of each answer
//! it is read whether it is one, whether all of it has come, and what it used. So `identity` is all that is ever asked for,
//! whatever the client accepts; what comes in a coding all the same is for whoever reads it to decode.

use http::HeaderValue;

/// What is asked for, as HTTP/1 writes it behind another field.
pub(crate) const FIELD: &[u8] = b"\r\naccept-encoding: identity\r\n";

/// What is asked for, for HTTP/2.
pub(crate) fn asked_for() -> HeaderValue {
    HeaderValue::from_static("identity")
}
