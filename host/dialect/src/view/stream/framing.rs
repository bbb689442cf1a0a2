//! How events become bytes for a client.

use bytes::Bytes;
use weir_http::event_message::EventMessage;
use weir_http::json_array::JsonArrayWriter;
use weir_http::sse::SseEvent;

use crate::canon::NewEvent;

/// How a client's stream is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientFraming {
    /// Server-sent events.
    Sse,
    /// One JSON array, element by element: what Gemini streams to who does not ask for `alt=sse`.
    JsonArray,
    /// Messages of AWS's event stream (Bedrock).
    EventMessages,
}

/// What a Bedrock exception's name ends in.
const EXCEPTION: &str = "Exception";

/// The bytes of one event. Of an array it is the element alone, for only who writes all of it, which a stream does,
/// knows what stands between. An event without name and data is a sign of life: nothing where the
/// framing has none.
#[must_use]
pub fn frame(framing: ClientFraming, event: &NewEvent) -> Bytes {
    match framing {
        ClientFraming::Sse => SseEvent::made(event.name, &event.data).raw().clone(),
        ClientFraming::JsonArray => event.data.clone(),
        ClientFraming::EventMessages => event.name.map_or_else(Bytes::new, |name| message(name, &event.data)),
    }
}

fn message(name: &str, payload: &[u8]) -> Bytes {
    let made = match name.ends_with(EXCEPTION) {
        true => EventMessage::exception(name, payload),
        false => EventMessage::event(name, payload),
    };
    // Names of events are short words, and no payload has 4 GiB.
    made.map(|message| message.raw().clone()).unwrap_or_default()
}

/// Frames the events of one stream.
#[derive(Debug)]
pub(super) struct StreamFramer {
    pub(super) framing: ClientFraming,
    array: JsonArrayWriter,
}

impl StreamFramer {
    pub(super) fn new(framing: ClientFraming) -> Self {
        Self { framing, array: JsonArrayWriter::default() }
    }

    /// The bytes of the next event.
    pub(super) fn frame(&mut self, event: &NewEvent) -> Bytes {
        match self.framing {
            ClientFraming::JsonArray if event.data.is_empty() => Bytes::new(),
            ClientFraming::JsonArray => self.array.element(&event.data),
            ClientFraming::Sse | ClientFraming::EventMessages => frame(self.framing, event),
        }
    }

    /// What ends the stream, where the framing has an end.
    pub(super) fn end(&mut self) -> Option<Bytes> {
        (self.framing == ClientFraming::JsonArray).then(|| std::mem::take(&mut self.array).end())
    }
}
