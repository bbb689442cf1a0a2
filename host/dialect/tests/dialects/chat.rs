//! OpenAI's chat completions and those who speak as it does: what was recorded of them, read and written.

mod across;
mod consensus;
mod mistral;
mod outward;
mod playback;
mod quirks;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{
    AnswerContext, ChatAnswer, ChatEvent, ContentBlock, EventCollector, EventDecoder, EventEncoder, FieldLosses,
    NewEvent, RawJson, StreamState, TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::chat::{
    ChatWireDecoder, ChatWireEncoder, decode_answer, decode_request, encode_answer, encode_request,
};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Recording, Spec, is_complete, of_endpoint, recording};

use crate::support::hold;

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: model.into(),
        max_output: None,
        vendor: Vendor::OpenAi,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("gpt"), id: 7, now: 1, include_usage: true, request: Bytes::new() }
}

fn differs(what: &str, is: &Value, due: &Value) -> Result<(), String> {
    if is == due { Ok(()) } else { Err(format!("{what} is {is}\nand was {due}")) }
}

/// What a stream says, read event by event, and how it ends.
fn events(recording: &Recording) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    for event in recording.events() {
        let event = WireEvent { name: event.name.as_deref(), data: Bytes::from(event.data.clone()), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

fn written(events: &[ChatEvent]) -> Vec<NewEvent> {
    let (mut encoder, mut out, mut losses) = (ChatWireEncoder::new(context()), Vec::new(), FieldLosses::default());
    for event in events {
        encoder.put(event.clone(), &mut out, &mut losses);
    }
    assert_eq!(encoder.held(), 0);
    out
}

fn read(written: &[NewEvent]) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    for event in written {
        let event = WireEvent { name: event.name, data: event.data.clone(), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

/// What events come to, with what only the recorded wire has left out.
fn collected(events: &[ChatEvent]) -> ChatAnswer {
    let mut collector = EventCollector::new(WireFormat::Chat);
    events.iter().cloned().for_each(|event| collector.put(event));
    let mut answer = collector.finish().unwrap();
    answer.extra = Default::default();
    (answer.model, answer.service_tier, answer.created) = (None, None, None);
    for stop in answer.choices.iter_mut().filter_map(|choice| choice.stop.as_mut()) {
        stop.word = weir_dialect::canon::JsonText::EMPTY;
    }
    for block in answer.choices.iter_mut().flat_map(|choice| &mut choice.blocks) {
        if let ContentBlock::ToolUse(call) = block
            && !call.custom
        {
            // No arguments are written as `{}`.
            call.input = weir_dialect::canon::ToolInput::Json(call.input.to_object().0);
        }
    }
    answer
}

/// A recording of Mistral's; where the shared data are absent it may be absent as well.
fn named_mistral(name: &str) -> Option<&'static Recording> {
    let found = recording("mistral", name);
    assert!(found.is_some() || !is_complete(), "mistral/{name}");
    found
}

fn streams() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("chat-completions").filter(|one| one.status == 200 && one.is_streamed)
}

fn wholes() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("chat-completions").filter(|one| !one.is_streamed)
}

#[test]
fn requests_are_read_and_written_as_they_were() {
    hold("chat request", of_endpoint("chat-completions"), |recording| {
        let Some(body) = recording.request_json() else { return Ok(()) };
        let request = decode_request(&raw(&body)).map_err(|fault| fault.to_string())?;
        let mut losses = FieldLosses::default();
        let written = json(&encode_request(&request, &rules(&request.model), &mut losses));
        if !losses.is_empty() {
            return Err(format!("lost {:?}", losses.iter().collect::<Vec<_>>()));
        }
        differs("the request", &written, &body)
    });
}

#[test]
fn answers_are_read_and_written_as_they_were() {
    hold("chat answer", wholes(), |recording| {
        let body = recording.response_json().unwrap();
        let answer = match decode_answer(&raw(&body)) {
            Ok(answer) => answer,
            Err(_) if recording.status != 200 => return Ok(()),
            Err(fault) => return Err(fault.to_string()),
        };
        let mut losses = FieldLosses::default();
        differs("the answer", &json(&encode_answer(&answer, &context(), &mut losses)), &body)
    });
}

#[test]
fn streams_end_once_and_are_written_so_that_they_say_the_same() {
    hold("chat stream", streams(), |recording| {
        let (events, state) = events(recording);
        let count = |is: fn(&ChatEvent) -> bool| events.iter().filter(|event| is(event)).count();
        let choices: std::collections::BTreeSet<u32> = events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::Open(place, _) => Some(place.choice),
                ChatEvent::Stop { choice, .. } => Some(*choice),
                _ => None,
            })
            .collect();
        if count(|event| matches!(event, ChatEvent::Failed(_))) == 1 && state == StreamState::Failed {
            return Ok(());
        }
        let ends = (
            count(|event| matches!(event, ChatEvent::Start(_))),
            count(|event| matches!(event, ChatEvent::Stop { .. })),
            count(|event| matches!(event, ChatEvent::End)),
            state,
        );
        if ends != (1, choices.len(), 1, StreamState::Whole) {
            return Err(format!("starts, stops, ends: {ends:?} of {choices:?}"));
        }
        let written = written(&events);
        for event in written.iter().filter(|event| event.data.as_ref() != b"[DONE]") {
            if let Some(spec) = Spec::openai() {
                let event = json(&event.data);
                spec.event("/chat/completions", &event).map_err(|faults| format!("{event}: {faults:?}"))?;
            }
        }
        let (again, state) = read(&written);
        assert_eq!(state, StreamState::Whole);
        let (mut is, due) = (collected(&again), collected(&events));
        // One that has no identifier is given one.
        is.id = due.id.as_ref().and(is.id);
        if is == due { Ok(()) } else { Err(format!("the stream says {is:?}\nand said {due:?}")) }
    });
}
