//! Streams that were recorded, as bytes.

use bytes::Bytes;
use weir_dialect::canon::{
    AnswerContext, ChatAnswer, ChatEvent, ContentBlock, EventCollector, EventDecoder, StreamState, WireEvent,
};
use weir_dialect::translate::WirePair;
use weir_dialect::view::ClientFraming;
use weir_dialect::{Vendor, WireFormat, chat, cohere, converse, gemini, messages, ollama, responses};
use weir_http::event_message::{EventMessage, EventMessageReader};
use weir_http::json_array::JsonArrayReader;
use weir_http::sse::SseReader;
use weir_recorded::{RecordedFraming, Recording, all};

const ENDPOINTS: [(&str, WireFormat); 5] = [
    ("chat-completions", WireFormat::Chat),
    ("responses", WireFormat::Responses),
    ("messages", WireFormat::Messages),
    ("generate-content", WireFormat::GenerateContent),
    ("converse", WireFormat::Converse),
];

/// The clients that a stream is tried for, and how it is framed for them.
pub(crate) const CLIENTS: [(WireFormat, ClientFraming); 5] = [
    (WireFormat::Responses, ClientFraming::Sse),
    (WireFormat::Messages, ClientFraming::Sse),
    (WireFormat::GenerateContent, ClientFraming::Sse),
    (WireFormat::GenerateContent, ClientFraming::JsonArray),
    (WireFormat::Converse, ClientFraming::EventMessages),
];

/// A stream of a provider's.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) wire: WireFormat,
    pub(crate) vendor: Vendor,
    pub(crate) bytes: Vec<u8>,
}

impl Source {
    /// Of these events, in the wire's framing.
    pub(crate) fn made(wire: WireFormat, events: &[(&str, &str)]) -> Self {
        let bytes = events.iter().flat_map(|(name, data)| framed(wire, Some(name), data.as_bytes())).collect();
        Self { name: "made".to_owned(), wire, vendor: wire.vendor(), bytes }
    }

    fn of(recording: &'static Recording) -> Option<Self> {
        let wire = ENDPOINTS.iter().find(|(endpoint, _)| recording.endpoint == *endpoint)?.1;
        let bytes = match recording.framing {
            RecordedFraming::EventStream => recording.response(),
            _ if wire == WireFormat::Converse => {
                let events = recording.events();
                events.iter().flat_map(|event| framed(wire, event.name.as_deref(), &event.data)).collect()
            }
            _ => recording.sse()?,
        };
        let vendor = wire.vendor_of(recording.model.as_deref().unwrap_or_default());
        Some(Self { name: recording.to_string(), wire, vendor, bytes })
    }

    /// Who reads this stream.
    pub(crate) fn pair(&self, client: WireFormat) -> WirePair {
        WirePair { client, provider: self.wire, vendor: self.vendor }
    }

    /// What it tells, and how it ends.
    pub(crate) fn told(&self) -> (Vec<ChatEvent>, StreamState) {
        told(self.wire, self.vendor, &frames(self.wire, &[&self.bytes]))
    }
}

fn framed(wire: WireFormat, name: Option<&str>, data: &[u8]) -> Vec<u8> {
    if wire == WireFormat::Converse {
        let name = name.unwrap();
        let made = if name.ends_with("Exception") { EventMessage::exception } else { EventMessage::event };
        return made(name, data).unwrap().raw().to_vec();
    }
    let name = name.filter(|name| !name.is_empty()).map(|name| format!("event: {name}\n")).unwrap_or_default();
    [name.as_bytes(), b"data: ", data, b"\n\n"].concat()
}

/// All streams that were recorded of these wires.
pub(crate) fn sources() -> impl Iterator<Item = Source> {
    all().iter().filter(|one| one.is_streamed && one.status == 200).filter_map(Source::of)
}

/// One frame of a stream, and what is in it; nothing of a comment.
pub(crate) struct Frame {
    pub(crate) raw: Bytes,
    pub(crate) name: Option<String>,
    pub(crate) data: Option<Bytes>,
    pub(crate) exception: bool,
}

/// The frames of a stream that comes in these pieces.
pub(crate) fn frames(wire: WireFormat, pieces: &[&[u8]]) -> Vec<Frame> {
    let mut frames = Vec::new();
    if wire == WireFormat::Converse {
        let mut reader = EventMessageReader::new(1 << 24);
        for piece in pieces {
            reader.push(Bytes::copy_from_slice(piece));
            while let Some(message) = reader.next().unwrap() {
                let exception = message.message_type() != Some("event");
                let name = if exception { message.exception_type() } else { message.event_type() };
                let (raw, name, data) = (message.raw().clone(), name.map(str::to_owned), Some(message.payload()));
                frames.push(Frame { raw, name, data, exception });
            }
        }
        assert!(reader.finish().unwrap().is_none());
        return frames;
    }
    let mut reader = SseReader::new(1 << 24);
    let mut put = |event: weir_http::sse::SseEvent| {
        let data = (!event.is_comment()).then(|| event.data());
        let (raw, name) = (event.raw().clone(), event.name().map(str::to_owned));
        frames.push(Frame { raw, name, data, exception: false });
    };
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(event) = reader.next().unwrap() {
            put(event);
        }
    }
    while let Some(event) = reader.finish().unwrap() {
        put(event);
    }
    frames
}

/// What a client's bytes hold, by its framing.
pub(crate) fn client_frames(wire: WireFormat, framing: ClientFraming, bytes: &[u8]) -> Vec<Frame> {
    if framing != ClientFraming::JsonArray {
        return frames(wire, &[bytes]);
    }
    let mut reader = JsonArrayReader::new(1 << 24);
    reader.push(Bytes::copy_from_slice(bytes));
    let mut frames = Vec::new();
    while let Some(element) = reader.next().unwrap() {
        frames.push(Frame { raw: element.clone(), name: None, data: Some(element), exception: false });
    }
    assert!(reader.finish().unwrap().is_none() && reader.is_whole(), "the array is closed");
    frames
}

fn decoder(wire: WireFormat, vendor: Vendor) -> Box<dyn EventDecoder> {
    match wire {
        WireFormat::Chat => Box::new(chat::ChatWireDecoder::new()),
        WireFormat::Responses => Box::new(responses::ResponsesDecoder::new()),
        WireFormat::Messages => Box::new(messages::MessagesDecoder::new()),
        WireFormat::GenerateContent => Box::new(gemini::GeminiDecoder::new()),
        WireFormat::Converse => Box::new(converse::ConverseDecoder::new(vendor)),
        WireFormat::CohereChat => Box::new(cohere::CohereDecoder::new()),
        WireFormat::OllamaChat => Box::new(ollama::OllamaDecoder::new()),
    }
}

/// What frames of a wire tell.
pub(crate) fn told(wire: WireFormat, vendor: Vendor, frames: &[Frame]) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (decoder(wire, vendor), Vec::new());
    for frame in frames {
        let Some(data) = frame.data.clone() else { continue };
        let event = WireEvent { name: frame.name.as_deref(), data, exception: frame.exception };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

/// Events as one answer.
pub(crate) fn collected(wire: WireFormat, events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = EventCollector::new(wire);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

/// What an answer says, whatever its wire: for each choice its text, its refusal, its thoughts, and its calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) refusal: String,
    pub(crate) thoughts: String,
    pub(crate) calls: Vec<(String, String)>,
}

pub(crate) fn said(answer: &ChatAnswer) -> Vec<Said> {
    let of = |blocks: &[ContentBlock]| {
        let mut said = Said::default();
        for block in blocks {
            match block {
                ContentBlock::Text(block) => said.text.push_str(&block.text.text()),
                ContentBlock::Refusal(block) => said.refusal.push_str(&block.text.text()),
                ContentBlock::Reasoning(block) => {
                    block.summary.iter().chain(&block.text).for_each(|text| said.thoughts.push_str(&text.text()));
                }
                ContentBlock::ToolUse(call) => {
                    said.calls.push((call.name.text().into_owned(), call.input.to_text().text().into_owned()));
                }
                _ => {}
            }
        }
        said
    };
    answer.choices.iter().map(|choice| of(&choice.blocks)).collect()
}

/// What an answer's encoder is told.
pub(crate) fn context() -> AnswerContext {
    let request = Bytes::from_static(b"{}");
    AnswerContext { model: "asked".into(), id: 7, now: 1_700_000_000, include_usage: true, request }
}
