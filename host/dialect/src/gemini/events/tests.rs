use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    AnswerContext, AnswerStart, ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, DecodeFault,
    EventDecoder as _, EventEncoder as _, FieldLosses, JsonText, OtherBlock, RawJson, SignatureKind, StopKind,
    StreamState, ThoughtSignature, WireEvent,
};
use crate::wire::Vendor;

const AT: BlockPlace = BlockPlace { choice: 0, block: 0 };

fn at(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}

fn take(decoder: &mut GeminiDecoder, event: &Value, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
    decoder.take(&WireEvent { name: None, data: Bytes::from(event.to_string()), exception: false }, out)
}

/// What these events tell, behind the start, and how the stream ends.
fn told(events: &[Value]) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (GeminiDecoder::new(), Vec::new());
    for event in events {
        take(&mut decoder, event, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    let told = out.len();
    assert_eq!((decoder.finish(false, &mut out), out.len()), (state, told), "a stream ends once");
    assert!(matches!(out.first(), Some(ChatEvent::Start(_)) | None), "{out:?}");
    (out.into_iter().skip(1).collect(), state)
}

fn chunk(part: Value) -> Value {
    json!({"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}], "responseId": "r"})
}

fn last(reason: &str) -> Value {
    json!({"candidates": [{"finishReason": reason, "index": 0}]})
}

fn text(text: &str) -> BlockDelta {
    BlockDelta::Text(JsonText::of(text))
}

fn stop(kind: StopKind, word: &str) -> ChatEvent {
    ChatEvent::Stop { choice: 0, stop: ChatStop { kind, word: JsonText::of(word), sequence: None, details: None } }
}

fn signature(vendor: Vendor, value: &str) -> BlockDelta {
    BlockDelta::Signature(ThoughtSignature { vendor, kind: SignatureKind::Signature, value: JsonText::of(value) })
}

fn tool(id: Option<&str>) -> BlockStart {
    BlockStart::ToolUse { id: id.map(JsonText::of), item: None, name: JsonText::of("look"), custom: false }
}

fn whole(input: &Value) -> BlockDelta {
    BlockDelta::WholeInput(RawJson::parse(Bytes::from(input.to_string())).unwrap())
}

/// What is written of events, and what is lost.
fn written(events: Vec<ChatEvent>) -> (Vec<Value>, Vec<String>) {
    let context = AnswerContext { model: "ours".into(), id: 7, now: 60, include_usage: true, request: Bytes::new() };
    let (mut encoder, mut out, mut losses) = (GeminiEncoder::new(context), Vec::new(), FieldLosses::default());
    for event in events {
        encoder.put(event, &mut out, &mut losses);
    }
    assert_eq!(encoder.held(), 0);
    let events = out.iter().map(|event| serde_json::from_slice(&event.data).unwrap()).collect();
    (events, losses.iter().map(str::to_owned).collect())
}

/// The parts of all of them.
fn parts(events: &[Value]) -> Vec<Value> {
    let candidates = events.iter().filter_map(|event| event["candidates"].as_array()).flatten();
    candidates.filter_map(|one| one["content"]["parts"].as_array()).flatten().cloned().collect()
}

// Quirk 61: an empty text is nothing.
#[test]
fn texts_and_thoughts_open_and_close_by_themselves() {
    let (events, state) = told(&[
        chunk(json!({"text": "hm", "thought": true})),
        chunk(json!({"text": " so", "thought": true})),
        chunk(json!({"text": "a"})),
        chunk(json!({"text": ""})),
        chunk(json!({"text": "b"})),
        last("STOP"),
    ]);
    let thought = |text: &str| ChatEvent::Delta(AT, BlockDelta::Reasoning(JsonText::of(text)));
    let due = vec![
        ChatEvent::Open(AT, BlockStart::Reasoning { id: None }),
        thought("hm"),
        thought(" so"),
        ChatEvent::Close(AT),
        ChatEvent::Open(at(1), BlockStart::Text),
        ChatEvent::Delta(at(1), text("a")),
        ChatEvent::Delta(at(1), text("b")),
        ChatEvent::Close(at(1)),
        stop(StopKind::End, "STOP"),
        ChatEvent::End,
    ];
    assert_eq!((events, state), (due, StreamState::Whole));
}

// Quirks 65, 69 and 70.
#[test]
fn a_call_that_does_not_go_on_is_whole() {
    let (events, _) = told(&[
        chunk(json!({"functionCall": {"name": "look", "args": {"a": 1}, "id": "x"}, "thoughtSignature": "AA=="})),
        chunk(json!({"functionCall": {"name": "look"}})),
        last("STOP"),
    ]);
    let due = vec![
        ChatEvent::Open(AT, tool(Some("x"))),
        ChatEvent::Delta(AT, signature(Vendor::Google, "AA==")),
        ChatEvent::Delta(AT, whole(&json!({"a": 1}))),
        ChatEvent::Close(AT),
        ChatEvent::Open(at(1), tool(None)),
        ChatEvent::Delta(at(1), whole(&json!({}))),
        ChatEvent::Close(at(1)),
        stop(StopKind::ToolUse, "STOP"),
        ChatEvent::End,
    ];
    assert_eq!(events, due);
}

// Quirk 68.
#[test]
fn arguments_in_pieces_are_one_text() {
    let piece = |path: &str, value: Value| {
        let mut piece = json!({"jsonPath": path});
        piece.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        chunk(json!({"functionCall": {"partialArgs": [piece], "willContinue": true}}))
    };
    let (events, _) = told(&[
        chunk(json!({"functionCall": {"name": "look", "willContinue": true}})),
        piece("$.recipe.name", json!({"stringValue": "La", "willContinue": true})),
        piece("$.recipe.name", json!({"stringValue": "sagne\"\u{e9}"})),
        piece("$.recipe.steps[0].text", json!({"stringValue": "one"})),
        piece("$.recipe.steps[1]", json!({"numberValue": 2})),
        piece("$.ok", json!({"boolValue": true})),
        piece("$['none']", json!({"nullValue": "NULL_VALUE"})),
        chunk(json!({"functionCall": {}})),
        chunk(json!({"text": "a"})),
        last("STOP"),
    ]);
    let due = json!({"recipe": {"name": "Lasagne\"\u{e9}", "steps": [{"text": "one"}, 2]}, "ok": true, "none": null});
    assert_eq!(events[1], ChatEvent::Delta(AT, whole(&due)));
    assert_eq!(events[2], ChatEvent::Close(AT));
}

#[test]
fn a_call_ends_by_whatever_comes_behind_it_but_not_by_a_broken_stream() {
    let begins = chunk(json!({"functionCall": {"name": "look", "args": {"a": 1}, "willContinue": true}}));
    let input = |events: &[ChatEvent]| {
        events.iter().any(|event| matches!(event, ChatEvent::Delta(_, BlockDelta::WholeInput(_))))
    };
    let (events, state) = told(&[begins.clone(), chunk(json!({"text": "a"})), last("STOP")]);
    assert_eq!((input(&events), state), (true, StreamState::Whole));
    let (events, state) = told(&[begins]);
    assert_eq!((input(&events), state), (false, StreamState::Broken));
    assert_eq!(events.last(), Some(&ChatEvent::Close(AT)));
}

// Quirks 77 and 78: on a text, on an empty part, on a thought.
#[test]
fn a_signature_is_a_thought_of_its_own_before_the_text_that_it_signs() {
    let (events, _) = told(&[
        chunk(json!({"text": "a"})),
        chunk(json!({"text": "b", "thoughtSignature": "AA=="})),
        chunk(json!({"text": "hm", "thought": true, "thoughtSignature": "BB=="})),
        chunk(json!({"text": "", "thoughtSignature": "CC=="})),
        last("STOP"),
    ]);
    let open = |block| ChatEvent::Open(at(block), BlockStart::Reasoning { id: None });
    let sign = |block, value: &str| ChatEvent::Delta(at(block), signature(Vendor::Google, value));
    let due = vec![
        ChatEvent::Open(at(0), BlockStart::Text),
        ChatEvent::Delta(at(0), text("a")),
        ChatEvent::Close(at(0)),
        open(1),
        sign(1, "AA=="),
        ChatEvent::Close(at(1)),
        ChatEvent::Open(at(2), BlockStart::Text),
        ChatEvent::Delta(at(2), text("b")),
        ChatEvent::Close(at(2)),
        open(3),
        ChatEvent::Delta(at(3), BlockDelta::Reasoning(JsonText::of("hm"))),
        sign(3, "BB=="),
        ChatEvent::Close(at(3)),
        open(4),
        sign(4, "CC=="),
        ChatEvent::Close(at(4)),
        stop(StopKind::End, "STOP"),
        ChatEvent::End,
    ];
    assert_eq!(events, due);
    let again = parts(&written(events).0);
    let due = [
        json!({"text": "a"}),
        json!({"text": "b", "thoughtSignature": "AA=="}),
        json!({"text": "hm", "thought": true}),
        json!({"text": "", "thought": true, "thoughtSignature": "BB=="}),
        json!({"text": "", "thoughtSignature": "CC=="}),
    ];
    assert_eq!(again, due, "and each comes back on its part");
}

#[test]
fn old_models_say_their_reason_in_every_event_and_the_last_counts() {
    let said = |text: &str, reason: &str| json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": reason, "safetyRatings": [{}]}]});
    let (events, state) = told(&[said("a", "STOP"), said("b", "MAX_TOKENS")]);
    let texts = events.iter().filter(|event| matches!(event, ChatEvent::Delta(_, BlockDelta::Text(_)))).count();
    assert_eq!((texts, state), (2, StreamState::Whole));
    assert_eq!(events[events.len() - 2..], [stop(StopKind::Length, "MAX_TOKENS"), ChatEvent::End]);
}

// Quirks 72 and 76.
#[test]
fn a_refused_question_ends_by_its_reason() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"});
    let (events, state) = told(std::slice::from_ref(&blocked));
    assert_eq!(state, StreamState::Whole);
    assert!(matches!(&events[0], ChatEvent::Beside(kind, _) if kind.as_ref() == "promptFeedback"));
    assert_eq!(events[1..], [stop(StopKind::Filtered, "SAFETY"), ChatEvent::End]);
    let (again, losses) = written(events.clone());
    assert_eq!((&again[0]["promptFeedback"], losses.len()), (&blocked["promptFeedback"], 0));
    assert_eq!(told(&again).0, events);
}

#[test]
fn a_failure_is_told_and_nothing_behind_it_is_read() {
    let error = json!({"error": {"code": 503, "message": "later", "status": "UNAVAILABLE", "details": []}});
    for error in [error.clone(), json!([error])] {
        let (events, state) = told(&[chunk(json!({"text": "a"})), error, chunk(json!({"text": "b"}))]);
        let failed = ApiFailure {
            message: JsonText::of("later"),
            kind: Some(JsonText::of("UNAVAILABLE")),
            code: Some(JsonText::of("503")),
            param: None,
        };
        assert_eq!(events[2..], [ChatEvent::Close(AT), ChatEvent::Failed(Box::new(failed))]);
        assert_eq!(state, StreamState::Failed);
    }
    let failure = |kind: &str, code: Option<&str>| {
        let (kind, code) = (Some(JsonText::of(kind)), code.map(JsonText::of));
        let failed = ApiFailure { message: JsonText::of("m"), kind, code, param: None };
        written(vec![ChatEvent::Failed(Box::new(failed))]).0[0]["error"].clone()
    };
    assert_eq!(failure("overloaded_error", None), json!({"code": 503, "message": "m", "status": "UNAVAILABLE"}));
    assert_eq!(failure("UNAVAILABLE", Some("503")), json!({"code": 503, "message": "m", "status": "UNAVAILABLE"}));
    assert_eq!(failure("odd", Some("rate_limit_exceeded"))["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(failure("odd", None), json!({"code": 500, "message": "m", "status": "INTERNAL"}));
}

#[test]
fn a_stream_is_whole_when_every_candidate_has_its_reason() {
    assert_eq!(told(&[]).1, StreamState::Broken);
    assert_eq!(told(&[chunk(json!({"text": "a"}))]).1, StreamState::Broken);
    let two = json!({"candidates": [{"index": 0, "finishReason": "STOP"}, {"index": 1, "content": {"parts": [{"text": "b"}]}}]});
    assert_eq!(told(std::slice::from_ref(&two)).1, StreamState::Broken);
    let (events, state) = told(&[two, json!({"candidates": [{"index": 1, "finishReason": "STOP"}]})]);
    assert_eq!(state, StreamState::Whole);
    assert_eq!(events.iter().filter(|event| matches!(event, ChatEvent::Stop { .. })).count(), 2);
}

#[test]
fn what_is_no_event_of_googles_is_a_fault() {
    let mut out = Vec::new();
    for event in [json!({"choices": []}), json!("a"), json!({"candidates": [1]}), json!({"error": "text"})] {
        assert!(take(&mut GeminiDecoder::new(), &event, &mut out).is_err(), "{event}");
    }
    let data = WireEvent { name: None, data: Bytes::from_static(b"[DONE]"), exception: false };
    assert!(GeminiDecoder::new().take(&data, &mut out).is_err());
    let mut decoder = GeminiDecoder::new();
    let many: Vec<_> = (0..129).map(|index| json!({"index": index})).collect();
    let fault = take(&mut decoder, &json!({"candidates": many}), &mut out);
    assert_eq!(fault, Err(DecodeFault::TooMany { what: "candidates", most: 128 }));
}

#[test]
fn usage_is_told_when_it_changes() {
    let used = |shown: Option<u64>| json!({"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": shown}});
    let (events, _) = told(&[used(None), used(Some(2)), used(Some(2)), used(None)]);
    let outputs: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Usage(usage) => usage.output,
            _ => None,
        })
        .collect();
    assert_eq!(outputs, [0, 2]);
}

// Quirks 71, 74 and 75.
#[test]
fn what_only_google_has_passes_beside_and_comes_back() {
    let events = [
        chunk(json!({"executableCode": {"code": "1", "language": "PYTHON"}})),
        chunk(json!({"text": "a"})),
        json!({"candidates": [{"index": 0, "finishReason": "STOP", "groundingMetadata": {"webSearchQueries": ["q"]},
            "citationMetadata": {"citationSources": [{"startIndex": 0, "endIndex": 1, "uri": "u"}]},
            "logprobsResult": {"chosenCandidates": []}}]}),
    ];
    let (before, _) = told(&events);
    assert!(before.iter().any(|event| matches!(event, ChatEvent::Open(_, BlockStart::ServerTool(_)))));
    assert!(
        before.iter().any(|event| matches!(event, ChatEvent::Beside(kind, _) if kind.as_ref() == "groundingMetadata"))
    );
    assert!(
        before
            .iter()
            .any(|event| matches!(event, ChatEvent::Delta(_, BlockDelta::Citation(note)) if note.end == Some(1)))
    );
    let (again, losses) = written(before.clone());
    assert_eq!(losses, Vec::<String>::new());
    assert_eq!(told(&again).0, before);
}

#[test]
fn a_stream_of_another_wire_is_written_as_googles_clients_read_it() {
    let input = |text: &str| BlockDelta::Input(JsonText::of(text));
    let start = AnswerStart { id: Some(JsonText::of("msg_1")), ..AnswerStart::default() };
    let (events, losses) = written(vec![
        ChatEvent::Start(Box::new(start)),
        ChatEvent::Alive,
        ChatEvent::Open(at(0), BlockStart::Reasoning { id: None }),
        ChatEvent::Delta(at(0), BlockDelta::Reasoning(JsonText::of("hm"))),
        ChatEvent::Delta(at(0), signature(Vendor::Anthropic, "S")),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), BlockStart::Text),
        ChatEvent::Delta(at(1), text("a")),
        ChatEvent::Close(at(1)),
        // Two calls that grow at once.
        ChatEvent::Open(at(2), tool(Some("x"))),
        ChatEvent::Open(at(3), tool(Some("y"))),
        ChatEvent::Delta(at(2), input("{\"a\"")),
        ChatEvent::Delta(at(3), input("[1")),
        ChatEvent::Delta(at(2), input(":1}")),
        ChatEvent::Close(at(2)),
        ChatEvent::Close(at(3)),
        ChatEvent::Open(at(4), BlockStart::Other(OtherBlock { kind: "image".into(), raw: RawJson::EMPTY_OBJECT })),
        ChatEvent::Close(at(4)),
        ChatEvent::Delta(at(9), text("of no block")),
        ChatEvent::Usage(weir_usage::Usage { input: Some(3), output: Some(4), ..weir_usage::Usage::default() }),
        stop(StopKind::ToolUse, "tool_calls"),
        ChatEvent::End,
    ]);
    assert_eq!(losses, ["choices.content.arguments", "choices.content.image"]);
    let mut parts = parts(&events);
    let signed = parts.remove(1);
    assert!(signed["thoughtSignature"].as_str().unwrap().starts_with("d2VpcjEu") && signed["thought"] == true);
    let due = [
        json!({"text": "hm", "thought": true}),
        json!({"text": "a"}),
        json!({"functionCall": {"name": "look", "args": {"a": 1}, "id": "x"}}),
        json!({"functionCall": {"name": "look", "args": {"_raw": "[1"}, "id": "y"}}),
        json!({"text": ""}),
    ];
    assert_eq!(parts, due);
    for event in &events {
        assert_eq!((event["modelVersion"].as_str(), event["responseId"].as_str()), (Some("ours"), Some("msg_1")));
    }
    let last = events.last().unwrap();
    assert_eq!((&last["candidates"][0]["finishReason"], &last["candidates"][0]["index"]), (&json!("STOP"), &json!(0)));
    assert_eq!(last["usageMetadata"], json!({"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}));
}

proptest! {
    #[test]
    fn any_parts_are_read_and_blocks_open_and_close_in_order(
        parts in prop::collection::vec(prop_oneof![
            Just(json!({"text": "a"})), Just(json!({"text": ""})), Just(json!({"text": "t", "thought": true})),
            Just(json!({"text": "", "thoughtSignature": "AA=="})), Just(json!({"thought": true, "thoughtSignature": "AA=="})),
            Just(json!({"functionCall": {"name": "f", "willContinue": true}})), Just(json!({"functionCall": {}})),
            Just(json!({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "x"}], "willContinue": true}})),
            Just(json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "AA=="})),
            Just(json!({"inlineData": {"data": "AA==", "mimeType": "image/png"}})), Just(json!({"executableCode": {}})),
            Just(json!(1)), Just(json!({})),
        ], 0..12)
    ) {
        let mut events: Vec<_> = parts.into_iter().map(chunk).collect();
        events.push(last("STOP"));
        let (events, state) = told(&events);
        prop_assert_eq!(state, StreamState::Whole);
        let (mut open, mut next) = (None, 0);
        for event in &events {
            match event {
                ChatEvent::Open(place, _) => {
                    prop_assert_eq!((open, place.block), (None, next));
                    (open, next) = (Some(*place), next + 1);
                }
                ChatEvent::Delta(place, _) => prop_assert_eq!(open, Some(*place)),
                ChatEvent::Close(place) => prop_assert_eq!(open.take(), Some(*place)),
                _ => prop_assert_eq!(open, None),
            }
        }
        let (again, _) = written(events.clone());
        let (again, _) = told(&again);
        let kinds = |events: &[ChatEvent]| events.iter().filter(|event| matches!(event, ChatEvent::Open(_, BlockStart::ToolUse { .. }))).count();
        prop_assert_eq!(kinds(&again), kinds(&events));
    }
}
