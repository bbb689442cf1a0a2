//! Server-sent events (`text/event-stream`, WHATWG HTML section 9.2) as they pass: framed, never re-written.
//!
//! [`SseReader`] cuts a stream into [`SseEvent`]s wherever the reads happened to end. The raw bytes of all events, one after
//! the other, are the bytes of the stream (less a byte order mark at its start), so that what nobody changed can be
//! forwarded as it came.

mod event;
mod reader;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

pub use event::{SseEvent, data_event};
pub use reader::{SseError, SseReader};
