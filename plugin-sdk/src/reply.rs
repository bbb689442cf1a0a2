//! The whole (not streamed) response (WIT `reply`). Readable and writable in the hook `response`; elsewhere reads find
//! nothing.

use crate::{HostError, JoinedText, Piece, host::reply as host, request::as_index};

/// The value of a header that the client would see.
#[must_use]
pub fn header(name: &str) -> Option<String> {
    host::header(name)
}

/// Sets a header on the response.
///
/// # Errors
/// If it may not be set (framing, hop-by-hop) or not in this hook.
pub fn set_header(name: &str, value: &str) -> Result<(), HostError> {
    host::set_header(name, value).map_err(HostError::new)
}

/// The JSON value at an RFC 6901 pointer into the body, as JSON text.
#[must_use]
pub fn get(pointer: &str) -> Option<String> {
    host::get(pointer)
}

/// Sets the value at a pointer to a JSON text, as [`request::set`](crate::request::set) does.
///
/// # Errors
/// If there is no such parent, `value` is not JSON, or not in this hook.
pub fn set(pointer: &str, value: &str) -> Result<(), HostError> {
    host::set(pointer, value).map_err(HostError::new)
}

/// The text of every choice, in order: its content, or each text part of it. A guard wants [`pieces`]: a client reads more
/// than this.
#[must_use]
pub fn texts() -> Vec<String> {
    host::texts()
}

/// Replaces one text, by its index in [`texts`]. The `logprobs` of its choice, which repeat the text, become null.
///
/// # Errors
/// If there is no such choice, or not in this hook.
pub fn set_text(index: usize, text: &str) -> Result<(), HostError> {
    host::set_text(as_index(index), text).map_err(HostError::new)
}

/// Everything in the answer that a client will read, all choices, in order.
#[must_use]
pub fn pieces() -> Vec<Piece> {
    host::pieces()
}

/// The same at once, without pointers, for a fraction of what [`pieces`] cost. [`JoinedText::iter`] shows the pieces.
#[must_use]
pub fn all_text() -> JoinedText {
    host::all_text()
}

/// The pointer to one piece, by its index in the last answer of [`pieces`] or [`all_text`]; none past the end.
#[must_use]
pub fn piece_pointer(index: usize) -> Option<String> {
    host::piece_pointer(as_index(index))
}

/// Replaces the text of one piece, by its index in the last answer of [`pieces`]. The `logprobs` of its choice become null.
///
/// # Errors
/// If there is no such piece, or not in this hook.
pub fn set_piece(index: usize, text: &str) -> Result<(), HostError> {
    host::set_piece(as_index(index), text).map_err(HostError::new)
}

/// The whole body.
#[must_use]
pub fn body() -> Vec<u8> {
    host::body()
}

/// Replaces the whole body.
///
/// # Errors
/// If it is not a JSON object, or not in this hook.
pub fn set_body(body: &[u8]) -> Result<(), HostError> {
    host::set_body(body).map_err(HostError::new)
}
