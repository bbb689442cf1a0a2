//! The client's request (WIT `request`). Readable in every hook; writable in `policy` and in `upstream-request`.

pub use crate::bindings::policy::weir::plugin::request::Text;
use crate::{HostError, JoinedText, Piece, host::request as host};

/// The tenant whose key came with the request; its name in the configuration.
#[must_use]
pub fn tenant() -> String {
    host::tenant()
}

/// The gateway's id of this request, the one in `x-request-id`; at most 128 characters of visible ASCII.
#[must_use]
pub fn id() -> String {
    host::id()
}

/// The model as the client asked for it, or as an earlier plugin rewrote it.
#[must_use]
pub fn model() -> String {
    host::model()
}

/// The language of the request: `openai.chat` or `openai.embeddings`. More will be added.
#[must_use]
pub fn dialect() -> String {
    host::dialect()
}

/// The value of a header, the first if it stands more than once. Credential headers are not there.
#[must_use]
pub fn header(name: &str) -> Option<String> {
    host::header(name)
}

/// All headers that [`header`] would show, names in lower case.
#[must_use]
pub fn headers() -> Vec<(String, String)> {
    host::headers()
}

/// Sets a header that goes upstream.
///
/// # Errors
/// If it may not be set (credentials, framing, hop-by-hop) or not in this hook.
pub fn set_header(name: &str, value: &str) -> Result<(), HostError> {
    host::set_header(name, value).map_err(HostError::new)
}

/// Removes a header; not an error if it was not there.
///
/// # Errors
/// If it may not be removed, or not in this hook.
pub fn remove_header(name: &str) -> Result<(), HostError> {
    host::remove_header(name).map_err(HostError::new)
}

/// The JSON value at an RFC 6901 pointer into the body, as JSON text; [`json::parse`](crate::json::parse) reads it.
#[must_use]
pub fn get(pointer: &str) -> Option<String> {
    host::get(pointer)
}

/// Sets the value at a pointer to a JSON text. Its parent must exist; `-` appends to an array.
///
/// # Errors
/// If there is no such parent, `value` is not JSON, or not in this hook.
pub fn set(pointer: &str, value: &str) -> Result<(), HostError> {
    host::set(pointer, value).map_err(HostError::new)
}

/// Removes the value at a pointer; answers whether it was there.
///
/// # Errors
/// If it may not be removed, or not in this hook.
pub fn remove(pointer: &str) -> Result<bool, HostError> {
    host::remove(pointer).map_err(HostError::new)
}

/// The texts of the messages in order, contents and their text parts, or the inputs to embed. A guard wants [`pieces`]: a
/// model reads more than this.
#[must_use]
pub fn texts() -> Vec<Text> {
    host::texts()
}

/// Replaces one piece of text, by its index in [`texts`].
///
/// # Errors
/// If there is no such piece, or not in this hook.
pub fn set_text(index: usize, text: &str) -> Result<(), HostError> {
    host::set_text(as_index(index), text).map_err(HostError::new)
}

/// Everything in the request that a model will read or a provider will keep, in order.
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

/// Replaces the text of one piece, by its index in the last answer of [`pieces`].
///
/// # Errors
/// If there is no such piece, or not in this hook.
pub fn set_piece(index: usize, text: &str) -> Result<(), HostError> {
    host::set_piece(as_index(index), text).map_err(HostError::new)
}

/// The whole body as it would go upstream now.
#[must_use]
pub fn body() -> Vec<u8> {
    host::body()
}

/// Replaces the whole body; it must be a JSON object of the same dialect.
///
/// # Errors
/// If it is not, or not in this hook.
pub fn set_body(body: &[u8]) -> Result<(), HostError> {
    host::set_body(body).map_err(HostError::new)
}

/// An index past `u32` is past the end of any list that the host has.
pub(crate) fn as_index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
