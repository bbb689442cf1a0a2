//! The events that the hook `event` is being called with (WIT `events`).

use crate::{HostError, JoinedText, Piece, host::events as host, request::as_index};

/// The whole data of an event of this call, JSON text, by its index; none past the end.
#[must_use]
pub fn data(index: usize) -> Option<String> {
    host::data(as_index(index))
}

/// Everything in the events of this call that a client will read, all choices of every event, in order.
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

/// Replaces the text of one piece in the event that it stands in, by its index in the last answer of [`pieces`]. The edit
/// of that event says what becomes of it then: [`Edit::Pass`](crate::Edit::Pass) sends it as it was changed, one that is
/// held comes again changed.
///
/// # Errors
/// If there is no such piece, or not in this hook.
pub fn set_piece(index: usize, text: &str) -> Result<(), HostError> {
    host::set_piece(as_index(index), text).map_err(HostError::new)
}

/// Whether the texts that the hook was given are all that is in these events, so that [`pieces`] would show no more. Most
/// events of most streams are like that.
#[must_use]
pub fn plain() -> bool {
    host::plain()
}

/// Whether the stream is over, and no call follows; `last` may say so of a text alone.
#[must_use]
pub fn finished() -> bool {
    host::finished()
}
