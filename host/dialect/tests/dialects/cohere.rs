//! Cohere's API v2: chats of other wires become requests that its specification takes, and what it was recorded to say is read.

mod crossing;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    AnswerContext, ChatAnswer, ChatEvent, CitationKind, ContentBlock, DecodeFault, EventCollector, EventDecoder,
    FieldLosses, RawJson, StopKind, StreamState, TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::cohere::{CohereDecoder, decode_answer};
use weir_dialect::translate::WirePair;
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Recording, Spec, of_endpoint, recording};

use crate::support::hold;

const PAIR: WirePair = WirePair { client: WireFormat::Chat, provider: WireFormat::CohereChat, vendor: Vendor::Other };

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: Arc::from(model),
        max_output: None,
        vendor: Vendor::Other,
        ask_usage: true,
        quirks: TargetQuirks::default(),
    }
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("m"), id: 7, now: 1, include_usage: true, request: Bytes::new() }
}

/// What a chat completion's request becomes, and what of it is lost.
fn asked_of(model: &str, body: &Value) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let written = PAIR.request(&body.to_string().into(), &rules(model), &mut losses).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    if let Some(spec) = Spec::cohere() {
        spec.request("/v2/chat", &written).unwrap_or_else(|faults| panic!("{written}: {faults:?}"));
    }
    (written, losses.iter().map(str::to_owned).collect())
}

fn asked(body: &Value) -> (Value, Vec<String>) {
    asked_of("command-a-03-2025", body)
}

fn v2() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("cohere-chat-v2")
}

fn events(recording: &Recording) -> Vec<ChatEvent> {
    let (mut decoder, mut out) = (CohereDecoder::new(), Vec::new());
    for event in recording.events() {
        let event = WireEvent { name: event.name.as_deref(), data: Bytes::from(event.data.clone()), exception: false };
        decoder.take(&event, &mut out).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    out
}

fn collected(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = EventCollector::new(WireFormat::CohereChat);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

fn whole(body: &Value) -> Result<ChatAnswer, DecodeFault> {
    decode_answer(&RawJson::parse(body.to_string().into()).unwrap())
}

/// What of an answer is what: `thoughts: …`, `text: …`, `call: …`.
fn said(answer: &ChatAnswer) -> Vec<String> {
    let blocks = answer.choices.iter().flat_map(|choice| &choice.blocks);
    blocks
        .map(|block| match block {
            ContentBlock::Reasoning(thought) => format!("thoughts: {}", thought.text[0].text()),
            ContentBlock::Text(text) => format!("text: {}", text.text.text()),
            ContentBlock::ToolUse(call) => {
                format!("call: {} {}", call.name.text(), String::from_utf8_lossy(call.input.to_object().0.bytes()))
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn every_recorded_answer_is_one_a_client_can_read() {
    hold("cohere answer", v2().filter(|recording| !recording.is_streamed), |recording| {
        let body: Bytes = recording.response().into();
        let told = PAIR.answer(&body, &context(), &mut FieldLosses::default()).map_err(|fault| fault.to_string())?;
        let told: Value = serde_json::from_slice(&told).unwrap();
        if let Some(spec) = Spec::openai() {
            spec.answer("/chat/completions", &told).map_err(|faults| format!("{faults:?}"))?;
        }
        let due = recording.response_json().unwrap();
        assert_eq!(told["usage"]["prompt_tokens"], due["usage"]["tokens"]["input_tokens"]);
        assert_eq!(told["usage"]["prompt_tokens_details"]["cached_tokens"], due["usage"]["cached_tokens"]);
        let calls = |value: &Value| value.as_array().map_or(0, Vec::len);
        assert_eq!(calls(&told["choices"][0]["message"]["tool_calls"]), calls(&due["message"]["tool_calls"]));
        Ok(())
    });
}

#[test]
fn every_recorded_stream_has_one_start_one_stop_and_one_end() {
    hold("cohere stream", v2().filter(|recording| recording.is_streamed), |recording| {
        let events = events(recording);
        let count = |kind: fn(&ChatEvent) -> bool| events.iter().filter(|event| kind(event)).count();
        assert!(matches!(events[0], ChatEvent::Start(_)));
        assert_eq!(count(|event| matches!(event, ChatEvent::Stop { .. })), 1);
        assert_eq!(count(|event| matches!(event, ChatEvent::End)), 1);
        assert_eq!(count(|event| matches!(event, ChatEvent::Beside(..))), 0);
        let open = count(|event| matches!(event, ChatEvent::Open(..)));
        assert_eq!(open, count(|event| matches!(event, ChatEvent::Close(_))));
        let answer = collected(events);
        assert!(answer.usage.unwrap().is_whole() && answer.id.is_some() && !said(&answer).is_empty());
        Ok(())
    });
}

#[test]
fn thoughts_and_calls_of_a_stream_come_in_their_places() {
    let Some(one) = recording("cohere", "rig.streaming_grammar.reasoning_then_tool_call") else { return };
    let answer = collected(events(one));
    let said = said(&answer);
    assert!(said[0].starts_with("thoughts: Okay, let's see. The user wants me"), "{said:?}");
    assert_eq!(said[1..], ["call: subtract {\"x\": 2, \"y\": 5}"]);
    assert_eq!(answer.choices[0].stop.as_ref().unwrap().kind, StopKind::ToolUse);
    let used = answer.usage.unwrap();
    assert_eq!((used.input, used.output, used.reasoning), (Some(1_501), Some(346), Some(304)));
    assert_eq!(used.cached_input, Some(1_008));
}

#[test]
fn a_plan_is_what_the_model_thought_whole_and_streamed() {
    for name in ["vercel.cohere_tool_call.whole", "vercel.cohere_tool_call.stream"] {
        let Some(one) = recording("cohere", name) else { return };
        let answer =
            if one.is_streamed { collected(events(one)) } else { whole(&one.response_json().unwrap()).unwrap() };
        let said = said(&answer);
        assert!(said[0].starts_with("thoughts: I will use the weather tool"), "{said:?}");
        assert!(said[1].starts_with("call: weather {\"location\":") && said[2].starts_with("call: cityAttractions"));
        assert_eq!(said.len(), 3);
    }
}

#[test]
fn what_a_text_rests_on_goes_with_it() {
    let (mut found, names) = (
        0,
        [
            "rubyllm.chat_function_calling_cohere_command_a_03_2025_can_handle_multiple_tool_calls_in_a.2",
            "rig.streaming_tools.streaming_tool_call_roundtrip.2",
        ],
    );
    for one in names.into_iter().filter_map(|name| recording("cohere", name)) {
        let answer =
            if one.is_streamed { collected(events(one)) } else { whole(&one.response_json().unwrap()).unwrap() };
        let ContentBlock::Text(text) = &answer.choices[0].blocks[0] else { panic!("{answer:?}") };
        let note = &text.citations[0];
        assert_eq!((note.kind, note.wire), (CitationKind::Search, WireFormat::CohereChat));
        let (from, to) = (note.start.unwrap() as usize, note.end.unwrap() as usize);
        let quoted: String = text.text.text().chars().skip(from).take(to - from).collect();
        assert_eq!(quoted, note.quote.as_ref().unwrap().text());
        found += 1;
    }
    assert!(found == 2 || !weir_recorded::is_complete());
}

#[test]
fn a_citation_of_a_page_has_its_address_for_the_client() {
    let document = json!({"id": "d1", "title": "Paris", "url": "https://example.org/paris"});
    let answer = json!({
        "id": "1", "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "It is Paris."}], "citations": [
            {"start": 6, "end": 11, "text": "Paris", "type": "TEXT_CONTENT",
             "sources": [{"type": "document", "id": "d1", "document": document}]}
        ]}
    });
    let told = PAIR.answer(&answer.to_string().into(), &context(), &mut FieldLosses::default()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        told["choices"][0]["message"]["annotations"],
        json!([{"type": "url_citation", "url_citation": {
            "url": "https://example.org/paris", "title": "Paris", "start_index": 6, "end_index": 11
        }}])
    );
}

#[test]
fn an_answer_whose_model_failed_is_none() {
    let failed =
        |word: &str| whole(&json!({"id": "1", "finish_reason": word, "message": {"role": "assistant", "content": []}}));
    for word in ["ERROR", "TIMEOUT"] {
        assert_eq!(failed(word), Err(DecodeFault::Field { field: "finish_reason", due: "that of an answer" }));
    }
    for (word, kind) in [
        ("COMPLETE", StopKind::End),
        ("MAX_TOKENS", StopKind::Length),
        ("STOP_SEQUENCE", StopKind::Sequence),
        ("TOOL_CALL", StopKind::ToolUse),
        ("SOMETHING_NEW", StopKind::Other),
    ] {
        assert_eq!(failed(word).unwrap().choices[0].stop.as_ref().unwrap().kind, kind);
    }
    assert!(whole(&json!({"message": "no api key supplied"})).is_err());
}

fn streamed(events: &[Value]) -> (Vec<ChatEvent>, Result<StreamState, DecodeFault>) {
    let (mut decoder, mut out) = (CohereDecoder::new(), Vec::new());
    for event in events {
        let event = WireEvent { name: None, data: event.to_string().into(), exception: false };
        if let Err(fault) = decoder.take(&event, &mut out) {
            return (out, Err(fault));
        }
    }
    let state = decoder.finish(true, &mut out);
    (out, Ok(state))
}

#[test]
fn a_stream_that_ends_without_its_last_event_or_with_a_failure_is_not_whole() {
    let start = json!({"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}});
    let delta = json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}});
    let (events, state) = streamed(&[start.clone(), delta.clone()]);
    assert_eq!(state, Ok(StreamState::Broken));
    assert!(matches!(events.last(), Some(ChatEvent::Close(_))), "what was open is closed: {events:?}");

    let end = json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "out of breath"}});
    let (events, state) = streamed(&[start.clone(), delta.clone(), end]);
    assert_eq!(state, Ok(StreamState::Failed));
    let Some(ChatEvent::Failed(failure)) = events.last() else { panic!("{events:?}") };
    assert_eq!(
        (failure.message.text(), failure.kind.as_ref().unwrap().text()),
        ("out of breath".into(), "ERROR".into())
    );

    let (_, state) = streamed(&[start.clone(), json!({"message": "internal server error"})]);
    assert_eq!(state, Ok(StreamState::Failed));
    let (events, state) = streamed(&[start, json!({"type": "debug", "prompt": "…"}), json!({"type": "something-new"})]);
    assert!(state.is_ok() && events.iter().filter(|event| matches!(event, ChatEvent::Beside(..))).count() == 2);
    assert!(streamed(&[json!({"index": 0})]).1.is_err());
}

#[test]
fn probabilities_are_told_in_the_clients_words() {
    let item = |text: &str, numbers: Value| json!({"text": text, "token_ids": [1], "logprobs": numbers});
    let answer = json!({
        "id": "1", "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi you"}]},
        "logprobs": [item("Hi", json!([-0.5])), item(" you", json!([-0.25, -0.5]))]
    });
    let told = PAIR.answer(&answer.to_string().into(), &context(), &mut FieldLosses::default()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let content = &told["choices"][0]["logprobs"]["content"];
    assert_eq!((&content[0]["token"], &content[0]["logprob"]), (&json!("Hi"), &json!(-0.5)));
    assert_eq!((&content[1]["token"], &content[1]["logprob"]), (&json!(" you"), &json!(-0.75)));

    let mut delta = json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi"}}}});
    delta["logprobs"] = item("Hi", json!([-0.5]));
    let end = json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}});
    let (events, _) = streamed(&[delta, end]);
    let answer = collected(events);
    let ContentBlock::Text(text) = &answer.choices[0].blocks[0] else { panic!() };
    assert!(String::from_utf8_lossy(text.logprobs.as_ref().unwrap().bytes()).contains("-0.5"));
}
