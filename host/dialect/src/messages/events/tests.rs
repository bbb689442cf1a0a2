//! Streams of this wire, read, and streams of any, written.

mod reading;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{MessagesDecoder, MessagesEncoder};
use crate::canon::{
    AnswerContext, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, DecodeFault, EventDecoder, EventEncoder,
    FieldLosses, JsonText, NewEvent, RawJson, StopKind, StreamState, WireEvent,
};

fn words(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn at(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}

fn stop(kind: StopKind) -> ChatStop {
    ChatStop { kind, word: words("stop"), sequence: None, details: None }
}

/// Reads events of this wire; the data of each.
fn read(events: &[Value]) -> Result<(MessagesDecoder, Vec<ChatEvent>), DecodeFault> {
    let (mut decoder, mut out) = (MessagesDecoder::new(), Vec::new());
    for event in events {
        let data = Bytes::from(event.to_string());
        decoder.take(&WireEvent { name: None, data, exception: false }, &mut out)?;
    }
    Ok((decoder, out))
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("asked"), id: 1, now: 0, include_usage: true, request: Bytes::new() }
}

/// What clients get of these events, and what is lost.
fn put(events: Vec<ChatEvent>) -> (Vec<NewEvent>, FieldLosses) {
    let (mut encoder, mut out, mut losses) = (MessagesEncoder::new(context()), Vec::new(), FieldLosses::default());
    for event in events {
        encoder.put(event, &mut out, &mut losses);
    }
    (out, losses)
}

/// What clients get of these events, and what is lost. Anthropic's specification allows each.
fn written(events: Vec<ChatEvent>) -> (Vec<Value>, Vec<String>) {
    let (out, losses) = put(events);
    let events: Vec<Value> = out.iter().map(|event| serde_json::from_slice(&event.data).unwrap()).collect();
    for (event, line) in events.iter().zip(&out) {
        assert_eq!(event["type"], line.name.unwrap(), "the event is called by its type");
        if let Some(spec) =
            weir_recorded::Spec::anthropic().filter(|_| event["type"] != "ping" && event["type"] != "error")
        {
            spec.event("/v1/messages", event).unwrap_or_else(|faults| panic!("{event}: {faults:?}"));
        }
    }
    (events, losses.iter().map(str::to_owned).collect())
}

/// The same without what all streams begin with.
fn behind_start(events: Vec<ChatEvent>) -> Vec<Value> {
    let (events, lost) = written(events);
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!((&events[0]["type"], &events[1]["type"]), (&"message_start".into(), &"ping".into()));
    events[2..].to_vec()
}

fn open(block: u32, start: BlockStart) -> ChatEvent {
    ChatEvent::Open(at(block), start)
}

fn call(block: u32, id: &str) -> ChatEvent {
    open(block, BlockStart::ToolUse { id: Some(words(id)), item: None, name: words("f"), custom: false })
}

fn grow(block: u32, delta: BlockDelta) -> ChatEvent {
    ChatEvent::Delta(at(block), delta)
}

fn text(block: u32, text: &str) -> ChatEvent {
    grow(block, BlockDelta::Text(words(text)))
}

fn input(block: u32, text: &str) -> ChatEvent {
    grow(block, BlockDelta::Input(words(text)))
}

fn close(block: u32) -> ChatEvent {
    ChatEvent::Close(at(block))
}
