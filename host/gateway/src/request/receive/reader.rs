//! The events of a provider's stream as the client's dialect has them: those that came, or what a translation makes of them.

use super::way::StreamWay;
use std::collections::VecDeque;

use bytes::Bytes;
use weir_dialect::Framing;
use weir_dialect::canon::{NewEvent, StreamState, WireEvent};
use weir_dialect::view::ClientStream;
use weir_http::event_message::{EventMessage, EventMessageError, EventMessageReader};
use weir_http::json_lines::{JsonLine, JsonLinesError, JsonLinesReader};
use weir_http::sse::{SseError, SseEvent, SseReader};

/// Reads a provider's stream.
#[derive(Debug)]
pub(crate) enum EventReader {
    /// The provider speaks what the client does: each event is the one that came.
    Same(SseReader),
    /// It speaks something else.
    Other(Box<TranslatedReader>),
}

/// Why no more events can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFault {
    /// One is past the limit, in bytes.
    TooLarge { limit: usize },
    /// It is none of the provider's dialect.
    Unreadable,
}

impl From<SseError> for EventFault {
    fn from(error: SseError) -> Self {
        match error {
            SseError::TooLarge { limit } => Self::TooLarge { limit },
        }
    }
}

impl From<EventMessageError> for EventFault {
    fn from(error: EventMessageError) -> Self {
        match error {
            EventMessageError::TooLarge { limit } => Self::TooLarge { limit },
            EventMessageError::LengthsChecksum
            | EventMessageError::Checksum
            | EventMessageError::Lengths { .. }
            | EventMessageError::Header
            | EventMessageError::HeaderTwice
            | EventMessageError::TooManyHeaders { .. }
            | EventMessageError::Cut => Self::Unreadable,
        }
    }
}

impl From<JsonLinesError> for EventFault {
    fn from(error: JsonLinesError) -> Self {
        match error {
            JsonLinesError::TooLarge { limit } => Self::TooLarge { limit },
        }
    }
}

impl EventReader {
    /// A reader of events of at most so many bytes, translated where a translation is given.
    pub(crate) fn new(limit: usize, translation: Option<(Framing, StreamWay)>) -> Self {
        match translation {
            None => Self::Same(SseReader::new(limit)),
            Some((framing, way)) => Self::Other(Box::new(TranslatedReader::new(Frames::new(framing, limit), way))),
        }
    }

    /// What the client gets of what is read, where that is not what is read.
    pub(crate) fn shown(&mut self) -> Option<&mut ClientStream> {
        match self {
            Self::Same(_) => None,
            Self::Other(translated) => translated.way.client(),
        }
    }

    /// Hands over the next bytes of the stream.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        match self {
            Self::Same(frames) => frames.push(chunk),
            Self::Other(translated) => translated.frames.push(chunk),
        }
    }

    /// The next event; none until more bytes are pushed.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<SseEvent>, EventFault> {
        match self {
            Self::Same(frames) => Ok(frames.next()?),
            Self::Other(translated) => translated.next(),
        }
    }

    /// To be called at the end of the transport, which was a clean one or not, until it answers none: what is left.
    pub(crate) fn finish(&mut self, clean: bool) -> Result<Option<SseEvent>, EventFault> {
        match self {
            Self::Same(frames) => Ok(frames.finish()?),
            Self::Other(translated) => translated.finish(clean),
        }
    }

    /// How many bytes are held.
    pub(crate) fn buffered(&self) -> usize {
        match self {
            Self::Same(frames) => frames.buffered(),
            Self::Other(translated) => translated.buffered(),
        }
    }
}

/// The events of a provider's stream, out of their framing.
#[derive(Debug)]
enum Frames {
    Sse(SseReader),
    Messages(EventMessageReader),
    Lines(JsonLinesReader),
}

impl Frames {
    fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(SseReader::new(limit)),
            Framing::EventMessages => Self::Messages(EventMessageReader::new(limit)),
            Framing::JsonLines => Self::Lines(JsonLinesReader::new(limit)),
        }
    }

    fn push(&mut self, chunk: Bytes) {
        match self {
            Self::Sse(frames) => frames.push(chunk),
            Self::Messages(frames) => frames.push(chunk),
            Self::Lines(frames) => frames.push(chunk),
        }
    }

    fn next(&mut self) -> Result<Option<Framed>, EventFault> {
        Ok(match self {
            Self::Sse(frames) => frames.next()?.map(Framed::of_sse),
            Self::Messages(frames) => frames.next()?.map(Framed::Message),
            Self::Lines(frames) => frames.next()?.map(Framed::Line),
        })
    }

    fn finish(&mut self) -> Result<Option<Framed>, EventFault> {
        Ok(match self {
            Self::Sse(frames) => frames.finish()?.map(Framed::of_sse),
            Self::Messages(frames) => frames.finish()?.map(Framed::Message),
            Self::Lines(frames) => frames.finish()?.map(Framed::of_line),
        })
    }

    fn buffered(&self) -> usize {
        match self {
            Self::Sse(frames) => frames.buffered(),
            Self::Messages(frames) => frames.buffered(),
            Self::Lines(frames) => frames.buffered(),
        }
    }
}

/// One event.
enum Framed {
    Event(SseEvent),
    /// It lacks its end: no more than that, or the rest of what it says as well.
    Half(SseEvent),
    /// Nothing but a sign of life.
    Alive(SseEvent),
    Message(EventMessage),
    Line(JsonLine),
    /// A line that lacks its end, and perhaps more than that.
    HalfLine(JsonLine),
}

impl Framed {
    fn of_sse(event: SseEvent) -> Self {
        match event.is_whole() {
            _ if event.is_comment() => Self::Alive(event),
            true => Self::Event(event),
            false => Self::Half(event),
        }
    }

    fn of_line(line: JsonLine) -> Self {
        if line.is_whole() { Self::Line(line) } else { Self::HalfLine(line) }
    }

    /// As it came.
    fn raw(&self) -> &Bytes {
        match self {
            Self::Event(event) | Self::Half(event) | Self::Alive(event) => event.raw(),
            Self::Message(message) => message.raw(),
            Self::Line(line) | Self::HalfLine(line) => line.raw(),
        }
    }

    fn wire_event(&self) -> Option<WireEvent<'_>> {
        match self {
            Self::Event(event) | Self::Half(event) => {
                Some(WireEvent { name: event.name(), data: event.data(), exception: false })
            }
            Self::Message(message) => {
                let exception = message.message_type().is_some_and(|kind| kind != "event");
                let name = if exception { message.exception_type() } else { message.event_type() };
                Some(WireEvent { name, data: message.payload(), exception })
            }
            Self::Line(line) | Self::HalfLine(line) => {
                Some(WireEvent { name: None, data: line.data(), exception: false })
            }
            Self::Alive(_) => None,
        }
    }
}

/// Reads a stream of another dialect.
#[derive(Debug)]
pub(crate) struct TranslatedReader {
    frames: Frames,
    way: StreamWay,
    /// What the last event became, as far as nobody took it.
    ready: VecDeque<SseEvent>,
    /// Where the translation puts it; kept for its room.
    made: Vec<NewEvent>,
    finished: bool,
}

impl TranslatedReader {
    fn new(frames: Frames, way: StreamWay) -> Self {
        Self { frames, way, ready: VecDeque::new(), made: Vec::new(), finished: false }
    }

    fn next(&mut self) -> Result<Option<SseEvent>, EventFault> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(event) = self.frames.next()? else { return Ok(None) };
            self.take(&event)?;
        }
    }

    fn finish(&mut self, clean: bool) -> Result<Option<SseEvent>, EventFault> {
        let mut clean = clean;
        while !self.finished && self.ready.is_empty() {
            match self.frames.finish() {
                // It may lack its blank line and no more; half an event is nothing.
                Ok(Some(event @ (Framed::Half(_) | Framed::HalfLine(_)))) => clean &= self.take(&event).is_ok(),
                Ok(Some(event)) => self.take(&event)?,
                ended => {
                    self.finished = true;
                    // What is left of a message that is not all there is no end, whatever came before it.
                    clean &= ended.is_ok() && self.frames.buffered() == 0;
                    let state = self.way.finish(clean, &mut self.made);
                    if state == StreamState::Broken {
                        // A reason to stop may have been told: it is the end of nothing that is not whole.
                        return Err(EventFault::Unreadable);
                    }
                    self.written();
                }
            }
        }
        Ok(self.ready.pop_front())
    }

    fn take(&mut self, event: &Framed) -> Result<(), EventFault> {
        self.way.take(event.raw(), event.wire_event(), &mut self.made).map_err(|_| EventFault::Unreadable)?;
        self.written();
        Ok(())
    }

    fn written(&mut self) {
        self.ready.extend(self.made.drain(..).map(|event| SseEvent::made(event.name, &event.data)));
    }

    fn buffered(&self) -> usize {
        let ready: usize = self.ready.iter().map(|event| event.raw().len()).sum();
        self.frames.buffered() + self.way.held() + ready
    }
}
