//! Anthropic's messages: what was recorded of them, read and written.

mod elsewhere;
mod outward;
mod played_back;
mod quirks;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{
    AnswerContext, ChatEvent, EventCollector, EventDecoder, EventEncoder, FieldLosses, NewEvent, RawJson, StreamState,
    TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::messages::{
    MessagesDecoder, MessagesEncoder, count_answer, decode_answer, decode_count, decode_request, encode_answer,
    encode_count, encode_request,
};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{RecordedEvent, Recording, Spec, SpecFault, of_endpoint};

use crate::support::hold;

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: model.into(),
        max_output: None,
        vendor: Vendor::Anthropic,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("claude"), id: 7, now: 0, include_usage: true, request: Bytes::new() }
}

fn differs(what: &str, is: &Value, due: &Value) -> Result<(), String> {
    if is == due { Ok(()) } else { Err(format!("{what} is {is}\nand was {due}")) }
}

/// What a stream says, read event by event, and how it ends.
fn events(recording: &Recording) -> (Vec<ChatEvent>, StreamState) {
    read_all(&recording.events())
}

fn read_all(events: &[RecordedEvent]) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (MessagesDecoder::new(), Vec::new());
    for event in events {
        let event = WireEvent { name: event.name.as_deref(), data: Bytes::from(event.data.clone()), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

/// Events as this wire writes them.
fn written(events: &[ChatEvent]) -> Vec<NewEvent> {
    let (mut encoder, mut out, mut losses) = (MessagesEncoder::new(context()), Vec::new(), FieldLosses::default());
    for event in events {
        encoder.put(event.clone(), &mut out, &mut losses);
    }
    assert_eq!(encoder.held(), 0);
    out
}

/// Events as they are read of what was written.
fn read(written: &[NewEvent]) -> Vec<ChatEvent> {
    let (mut decoder, mut out) = (MessagesDecoder::new(), Vec::new());
    for event in written {
        let event = WireEvent { name: event.name, data: event.data.clone(), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    out
}

/// What events come to, as an answer of this wire.
fn collected(events: &[ChatEvent]) -> Value {
    let mut collector = EventCollector::new(WireFormat::Messages);
    events.iter().cloned().for_each(|event| collector.put(event));
    let mut answer = collector.finish().unwrap();
    answer.extra = Default::default();
    let mut whole = json(&encode_answer(&answer, &context(), &mut FieldLosses::default()));
    // The client's name of it is written.
    whole.as_object_mut().unwrap().remove("model");
    whole["usage"].as_object_mut().unwrap().remove("service_tier");
    whole
}

fn good(recording: &&'static Recording) -> bool {
    recording.status == 200
}

#[test]
fn requests_are_read_and_written_as_they_were() {
    hold("messages request", of_endpoint("messages"), |recording| {
        let Some(body) = recording.request_json() else { return Ok(()) };
        let request = decode_request(&raw(&body)).map_err(|fault| fault.to_string())?;
        let mut losses = FieldLosses::default();
        let written = json(&encode_request(&request, &rules(&request.model), &mut losses));
        let lost: Vec<_> = losses.iter().map(str::to_owned).collect();
        if !lost.is_empty() {
            return Err(format!("lost {lost:?}"));
        }
        differs("the request", &written, &body)
    });
}

#[test]
fn requests_to_count_are_read_and_written_as_they_were_and_so_are_counts() {
    for recording in of_endpoint("count-tokens").filter(|one| one.provider == "anthropic") {
        let body = recording.request_json().unwrap();
        let request = decode_request(&raw(&body)).unwrap();
        assert_eq!(json(&encode_count(&request, &rules(&request.model), &mut FieldLosses::default())), body);
        let counted = recording.response_json().unwrap();
        assert_eq!(json(&count_answer(decode_count(&raw(&counted)).unwrap())), counted);
    }
}

#[test]
fn answers_are_read_and_written_as_they_were() {
    hold("messages answer", of_endpoint("messages").filter(|one| !one.is_streamed), |recording| {
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
    hold("messages stream", of_endpoint("messages").filter(good).filter(|one| one.is_streamed), |recording| {
        let (events, state) = events(recording);
        let count = |is: fn(&ChatEvent) -> bool| events.iter().filter(|event| is(event)).count();
        let ends = (
            count(|event| matches!(event, ChatEvent::Start(_))),
            count(|event| matches!(event, ChatEvent::Stop { .. })),
            count(|event| matches!(event, ChatEvent::End)),
            state,
        );
        if ends != (1, 1, 1, StreamState::Whole) {
            return Err(format!("starts, stops, ends: {ends:?}"));
        }
        let written = written(&events);
        if let Some(spec) = Spec::anthropic_beta() {
            for event in &written {
                let event = json(&event.data);
                if event["type"] != "ping" {
                    spec.event("/v1/messages", &event).map_err(|faults| format!("{event}: {faults:?}"))?;
                }
            }
        }
        differs("the stream", &collected(&read(&written)), &collected(&events))
    });
}

/// Holds what was written for another wire's sake against the specification, where it is here.
fn allowed(what: &str, check: impl FnOnce(&Spec) -> Result<(), Vec<SpecFault>>) -> Result<(), String> {
    let Some(spec) = Spec::anthropic_beta() else { return Ok(()) };
    check(spec).map_err(|faults| format!("{what}: {faults:?}"))
}

#[test]
fn what_is_written_of_another_wire_is_what_the_specification_allows() {
    hold("messages elsewhere", of_endpoint("messages").filter(good), |recording| {
        if let Some(body) = recording.request_json() {
            let mut request = decode_request(&raw(&body)).map_err(|fault| fault.to_string())?;
            request.wire = WireFormat::Converse;
            let written = json(&encode_request(&request, &rules(&request.model), &mut FieldLosses::default()));
            allowed(&written.to_string(), |spec| spec.request("/v1/messages", &written))?;
        }
        if !recording.is_streamed {
            let mut answer = decode_answer(&raw(&recording.response_json().unwrap())).unwrap();
            answer.wire = WireFormat::Converse;
            let written = json(&encode_answer(&answer, &context(), &mut FieldLosses::default()));
            allowed(&written.to_string(), |spec| spec.answer("/v1/messages", &written))?;
        }
        Ok(())
    });
}
