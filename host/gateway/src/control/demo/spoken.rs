//! The dialects that the demo provider speaks: their codecs, and how each frames what it answers.

use crate::control::demo::engine::{self, CREATED};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use weir_dialect::canon::{
    AnswerContext, ApiFailure, ChatAnswer, ChatRequest, DecodeFault, EventEncoder, FieldLosses, NewEvent, RawJson,
};
use weir_dialect::{ApiErrorKind, Framing, WireFormat, chat, converse, errors, gemini, messages, responses};
use weir_http::event_message::EventMessage;
use weir_http::json_array::JsonArrayWriter;

/// A wire that conversations come in: what a provider of it reads and writes.
pub(super) struct SpokenWire {
    pub(super) format: WireFormat,
    /// Reads a request for this model, which is to be streamed, where the path says so.
    pub(super) read: fn(&RawJson, &str, bool) -> Result<ChatRequest, DecodeFault>,
    write: fn(&ChatAnswer, &AnswerContext, &mut FieldLosses) -> Bytes,
    stream: fn(AnswerContext) -> Box<dyn EventEncoder>,
}

pub(super) static CHAT: SpokenWire = SpokenWire {
    format: WireFormat::Chat,
    read: |body, _, _| chat::decode_request(body),
    write: chat::encode_answer,
    stream: |context| Box::new(chat::ChatWireEncoder::new(context)),
};

pub(super) static RESPONSES: SpokenWire = SpokenWire {
    format: WireFormat::Responses,
    read: |body, _, _| responses::decode_request(body),
    write: responses::encode_answer,
    stream: |context| Box::new(responses::ResponsesEncoder::new(context)),
};

pub(super) static MESSAGES: SpokenWire = SpokenWire {
    format: WireFormat::Messages,
    read: |body, _, _| messages::decode_request(body),
    write: messages::encode_answer,
    stream: |context| Box::new(messages::MessagesEncoder::new(context)),
};

pub(super) static GENERATE: SpokenWire = SpokenWire {
    format: WireFormat::GenerateContent,
    read: gemini::decode_request,
    write: gemini::encode_answer,
    stream: |context| Box::new(gemini::GeminiEncoder::new(context)),
};

pub(super) static CONVERSE: SpokenWire = SpokenWire {
    format: WireFormat::Converse,
    read: converse::decode_request,
    write: converse::encode_answer,
    stream: |context| Box::new(converse::ConverseEncoder::new(context)),
};

impl SpokenWire {
    /// The whole answer.
    pub(super) fn whole(&self, request: &ChatRequest, body: &Bytes) -> Bytes {
        let context = context(request, body);
        (self.write)(&engine::answer(request), &context, &mut FieldLosses::default())
    }

    /// The answer as a stream, and its media type.
    pub(super) fn streamed(&self, request: &ChatRequest, body: &Bytes, array: bool) -> (&'static str, Bytes) {
        let mut encoder = (self.stream)(context(request, body));
        let (mut events, mut losses) = (Vec::new(), FieldLosses::default());
        engine::events(request).for_each(|event| encoder.put(event, &mut events, &mut losses));
        if array {
            return ("application/json", as_array(&events));
        }
        let framing = self.format.framing();
        let bytes: Vec<u8> = events.iter().flat_map(|event| framed(event, framing)).collect();
        (framing.media_type(), bytes.into())
    }

    /// What is said against a request, in this wire's form.
    pub(super) fn against(&self, status: u16, kind: ApiErrorKind, failure: &ApiFailure) -> errors::ErrorParts {
        errors::render(self.format, status, kind, failure, None)
    }
}

impl PartialEq for SpokenWire {
    fn eq(&self, other: &Self) -> bool {
        self.format == other.format
    }
}

impl Eq for SpokenWire {}

impl fmt::Debug for SpokenWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.format, f)
    }
}

/// What encoders are told. Identifiers are made of the question, so that the same one has the same answer, and two turns of a
/// conversation have calls of two names.
fn context(request: &ChatRequest, body: &Bytes) -> AnswerContext {
    let digest = blake3::hash(body);
    let half = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    AnswerContext {
        model: Arc::from(&*request.model),
        id: u128::from_be_bytes(half),
        now: CREATED,
        include_usage: request.wire != WireFormat::Chat || request.include_usage == Some(true),
        request: body.clone(),
    }
}

fn framed(event: &NewEvent, framing: Framing) -> Vec<u8> {
    match framing {
        Framing::Sse => {
            let name = event.name.map(|name| format!("event: {name}\n")).unwrap_or_default();
            [name.as_bytes(), b"data: ", &event.data, b"\n\n"].concat()
        }
        // Every event of this wire has a name.
        _ => EventMessage::event(event.name.unwrap_or_default(), &event.data)
            .map(|message| message.raw().to_vec())
            .unwrap_or_default(),
    }
}

fn as_array(events: &[NewEvent]) -> Bytes {
    let mut writer = JsonArrayWriter::default();
    let mut bytes: Vec<u8> = events.iter().flat_map(|event| writer.element(&event.data)).collect();
    bytes.extend_from_slice(&writer.end());
    bytes.into()
}
