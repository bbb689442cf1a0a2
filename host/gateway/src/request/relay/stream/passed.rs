//! How far a stream's plugins are, and what a stream is to its client.

use crate::request::receive::EventReader;
use bytes::Bytes;
use weir_dialect::view::{ClientFraming, ClientStream};

/// A comment, which clients pass over (WHATWG HTML, 9.2.6). No blank line follows it: some clients take one for an event.
const KEEP_ALIVE: &[u8] = b": keep-alive\n";

/// How far the plugins of a stream are.
#[derive(Debug, Default)]
pub(super) struct PassedEvents {
    /// How many events were seen.
    pub(super) seen: u64,
    /// So many of them, from the first, have been shown.
    pub(super) shown: u64,
    /// It is known who keeps the answer, if anybody does.
    pub(super) is_kept: bool,
}

impl PassedEvents {
    /// The number of the event that was seen last.
    pub(super) fn number(&self) -> u64 {
        self.seen.saturating_sub(1)
    }
}

/// The media type of a stream.
pub(super) fn media_type(framing: ClientFraming) -> &'static str {
    match framing {
        ClientFraming::Sse => "text/event-stream; charset=utf-8",
        ClientFraming::JsonArray => "application/json; charset=utf-8",
        ClientFraming::EventMessages => "application/vnd.amazon.eventstream",
    }
}

/// What the client gets where events are held back for long; nothing where its dialect has nothing for that.
pub(super) fn sign_of_life(reader: &mut EventReader) -> Bytes {
    reader.shown().map_or(Bytes::from_static(KEEP_ALIVE), ClientStream::keep_alive)
}
