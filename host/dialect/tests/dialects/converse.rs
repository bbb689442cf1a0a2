//! Bedrock's Converse and ConverseStream, as they were recorded; of `invoke` those bodies that are the same (Amazon's models).

mod consensus;
mod crossing;
mod quirks;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{
    AnswerContext, ChatAnswer, ChatEvent, EventDecoder, EventEncoder, FieldLosses, RawJson, StreamState, TargetQuirks,
    TargetRules, WireEvent,
};
use weir_dialect::converse::{
    ConverseDecoder, ConverseEncoder, decode_answer, decode_request, encode_answer, encode_request, vendor_of_model,
};
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Fidelity, Recording, of_endpoint};

use crate::support::hold;

/// Those of Converse.
fn converse() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("converse")
}

/// Those of Converse, and of Amazon's own models, whose bodies are the same.
fn alike() -> impl Iterator<Item = &'static Recording> {
    converse().chain(of_endpoint("invoke").filter(|recording| model(recording).contains("nova")))
}

fn model(recording: &Recording) -> String {
    recording.model.clone().unwrap_or_default()
}

fn raw(text: impl Into<Bytes>) -> RawJson {
    RawJson::parse(text.into()).unwrap()
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: Arc::from(model),
        max_output: None,
        vendor: vendor_of_model(model),
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn context(model: &str) -> AnswerContext {
    AnswerContext { model: Arc::from(model), id: 7, now: 1_700_000_000, include_usage: true, request: Bytes::new() }
}

fn same(one: &Value, other: &Value) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{one}\nis not\n{other}")) }
}

#[test]
fn a_request_that_is_read_and_written_is_what_it_was() {
    let with_request = alike().filter(|recording| recording.request_fidelity != Fidelity::Absent);
    hold("converse: request", with_request, |recording| {
        let body = raw(recording.request().unwrap());
        let model = model(recording);
        let request = decode_request(&body, &model, recording.is_streamed).map_err(|fault| fault.to_string())?;
        let mut losses = FieldLosses::default();
        let written = encode_request(&request, &rules(&model), &mut losses);
        assert!(losses.is_empty(), "{losses:?}");
        same(&serde_json::from_slice(&written).unwrap(), &recording.request_json().unwrap())
    });
}

#[test]
fn a_request_is_written_as_one_of_another_wire_would_be() {
    let with_request = alike().filter(|recording| recording.request_fidelity != Fidelity::Absent);
    hold("converse: request elsewhere", with_request, |recording| {
        let model = model(recording);
        let mut request = decode_request(&raw(recording.request().unwrap()), &model, false).unwrap();
        request.wire = WireFormat::Messages;
        for model in ["us.anthropic.claude-sonnet-4-6", "amazon.nova-2-lite-v1:0", "meta.llama3-70b-instruct-v1:0"] {
            let written = encode_request(&request, &rules(model), &mut FieldLosses::default());
            let written: Value = serde_json::from_slice(&written).unwrap();
            let roles: Vec<_> = written["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
            if roles.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("they do not take turns: {roles:?}"));
            }
        }
        Ok(())
    });
}

fn whole_answers() -> impl Iterator<Item = &'static Recording> {
    alike().filter(|recording| !recording.is_streamed && recording.status == 200)
}

fn answer(recording: &Recording) -> ChatAnswer {
    decode_answer(&raw(recording.response()), vendor_of_model(&model(recording))).unwrap()
}

#[test]
fn an_answer_that_is_read_and_written_is_what_it_was() {
    hold("converse: answer", whole_answers(), |recording| {
        let written = encode_answer(&answer(recording), &context(&model(recording)), &mut FieldLosses::default());
        same(&serde_json::from_slice(&written).unwrap(), &recording.response_json().unwrap())
    });
}

#[test]
fn an_answer_is_written_as_one_of_another_wire_would_be() {
    hold("converse: answer elsewhere", whole_answers(), |recording| {
        let mut answer = answer(recording);
        answer.wire = WireFormat::Chat;
        let written = encode_answer(&answer, &context("gpt-5"), &mut FieldLosses::default());
        let written: Value = serde_json::from_slice(&written).unwrap();
        for member in ["/output/message/content", "/stopReason", "/usage/inputTokens", "/metrics/latencyMs"] {
            if written.pointer(member).is_none() {
                return Err(format!("{member} is missing"));
            }
        }
        Ok(())
    });
}

/// The events of a stream, as they are read.
fn read<'a>(events: impl IntoIterator<Item = (Option<&'a str>, Bytes)>, vendor: Vendor) -> Vec<ChatEvent> {
    let mut decoder = ConverseDecoder::new(vendor);
    let mut out = Vec::new();
    for (name, data) in events {
        decoder.take(&WireEvent { name, data, exception: false }, &mut out).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    out
}

fn streams() -> impl Iterator<Item = &'static Recording> {
    converse().filter(|recording| recording.is_streamed && recording.status == 200)
}

fn events(recording: &Recording) -> Vec<ChatEvent> {
    let events = recording.events();
    let named = events.iter().map(|event| (event.name.as_deref(), Bytes::from(event.data.clone())));
    read(named, vendor_of_model(&model(recording)))
}

#[test]
fn a_stream_has_one_start_one_stop_and_one_end_and_is_read_again_as_it_was() {
    hold("converse: stream", streams(), |recording| {
        let events = events(recording);
        let count = |kind: fn(&ChatEvent) -> bool| events.iter().filter(|event| kind(event)).count();
        assert!(matches!(events[0], ChatEvent::Start(_)));
        assert_eq!(count(|event| matches!(event, ChatEvent::Stop { .. })), 1);
        assert_eq!(count(|event| matches!(event, ChatEvent::End)), 1);
        let open = count(|event| matches!(event, ChatEvent::Open(..)));
        assert_eq!(open, count(|event| matches!(event, ChatEvent::Close(_))));
        let mut encoder = ConverseEncoder::new(context(&model(recording)));
        let (mut written, mut losses) = (Vec::new(), FieldLosses::default());
        for event in events.clone() {
            encoder.put(event, &mut written, &mut losses);
        }
        assert!(losses.is_empty() && encoder.held() == 0, "{losses:?}");
        let again = read(written.into_iter().map(|event| (event.name, event.data)), Vendor::Anthropic);
        // What was used is written last, be it zeros, wherever it came.
        let said = |events: &[ChatEvent]| -> Vec<ChatEvent> {
            events.iter().filter(|event| !matches!(event, ChatEvent::Usage(_))).cloned().collect()
        };
        if said(&again) == said(&events) { Ok(()) } else { Err(format!("{again:?}\nis not\n{events:?}")) }
    });
}
