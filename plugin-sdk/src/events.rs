//! The events that the hook `event` is being called with (WIT `events`).

use crate::{host::events as host, request::as_index};

/// The whole data of an event of this call, JSON text, by its index; none past the end.
#[must_use]
pub fn data(index: usize) -> Option<String> {
    host::data(as_index(index))
}
