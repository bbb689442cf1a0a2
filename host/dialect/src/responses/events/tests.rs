//! Streams, in both directions; real ones are in `tests/dialects`.

mod read;
mod write;

use bytes::Bytes;
use serde_json::Value;

use super::{ResponsesDecoder, ResponsesEncoder};
use crate::canon::{
    AnswerContext, ChatEvent, DecodeFault, EventDecoder, EventEncoder, FieldLosses, NewEvent, StreamState, WireEvent,
};

/// What a stream's events say, and how it ended.
fn read(events: &[Value]) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (ResponsesDecoder::new(), Vec::new());
    for event in events {
        take(&mut decoder, event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

fn take(decoder: &mut ResponsesDecoder, event: &Value, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
    let data = Bytes::from(event.to_string());
    decoder.take(&WireEvent { name: event["type"].as_str(), data, exception: false }, out)
}

/// The events of a stream, and what is not in them.
fn written(events: Vec<ChatEvent>, request: &'static str) -> (Vec<Value>, Vec<String>) {
    let mut encoder = ResponsesEncoder::new(AnswerContext {
        model: "asked".into(),
        id: 7,
        now: 1_700_000_000,
        include_usage: true,
        request: Bytes::from_static(request.as_bytes()),
    });
    let (mut out, mut losses) = (Vec::<NewEvent>::new(), FieldLosses::default());
    for event in events {
        encoder.put(event, &mut out, &mut losses);
    }
    let json = |event: &NewEvent| {
        let json: Value = serde_json::from_slice(&event.data).unwrap();
        assert_eq!(json["type"].as_str(), event.name);
        json
    };
    (out.iter().map(json).collect(), losses.iter().map(str::to_owned).collect())
}
