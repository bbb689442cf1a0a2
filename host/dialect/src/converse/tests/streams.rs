use serde_json::json;
use weir_usage::Usage;

use super::*;
use crate::canon::{
    ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, DecodeFault, EventCollector, EventDecoder,
    EventEncoder, StopKind, StreamState, WireEvent,
};
use crate::converse::{ConverseDecoder, ConverseEncoder, decode_answer};

fn at(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}

fn tool(id: &str, name: &str) -> BlockStart {
    BlockStart::ToolUse { id: Some(word(id)), item: None, name: word(name), custom: false }
}

fn input(piece: &str) -> BlockDelta {
    BlockDelta::Input(word(piece))
}

fn stopped(kind: StopKind, as_said: &str) -> ChatEvent {
    ChatEvent::Stop { choice: 0, stop: ChatStop { kind, word: word(as_said), sequence: None, details: None } }
}

/// What a client is sent, and what is lost.
fn sent(events: Vec<ChatEvent>) -> (Vec<(String, Value)>, Vec<String>) {
    let mut encoder = ConverseEncoder::new(context("gpt-5"));
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    events.into_iter().for_each(|event| encoder.put(event, &mut out, &mut losses));
    assert_eq!(encoder.held(), 0);
    let event =
        |event: crate::canon::NewEvent| (event.name.unwrap().to_owned(), serde_json::from_slice(&event.data).unwrap());
    (out.into_iter().map(event).collect(), losses.iter().map(str::to_owned).collect())
}

fn begin(mut events: Vec<ChatEvent>) -> Vec<ChatEvent> {
    events.insert(0, ChatEvent::Start(Box::default()));
    events
}

#[test]
fn a_stream_is_told_as_bedrock_tells_it() {
    let (events, losses) = sent(begin(vec![
        ChatEvent::Alive,
        ChatEvent::Open(at(0), BlockStart::Reasoning { id: None }),
        ChatEvent::Delta(at(0), BlockDelta::Reasoning(word("hm"))),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), BlockStart::Text),
        ChatEvent::Delta(at(1), BlockDelta::Text(word(""))),
        ChatEvent::Delta(at(1), BlockDelta::Text(word("hi"))),
        ChatEvent::Close(at(1)),
        ChatEvent::Open(at(2), tool("1", "f")),
        ChatEvent::Delta(at(2), input("{\"a\":")),
        ChatEvent::Delta(at(2), input("1}")),
        ChatEvent::Close(at(2)),
        ChatEvent::Usage(Usage { input: Some(3), ..Usage::default() }),
        stopped(StopKind::ToolUse, "tool_calls"),
        ChatEvent::Usage(Usage { output: Some(4), ..Usage::default() }),
        ChatEvent::End,
    ]));
    let delta = |index: u32, delta: Value| {
        ("contentBlockDelta".to_owned(), json!({"contentBlockIndex": index, "delta": delta}))
    };
    let stop = |index: u32| ("contentBlockStop".to_owned(), json!({"contentBlockIndex": index}));
    let start = json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "1", "name": "f"}}});
    let used = json!({"inputTokens": 3, "outputTokens": 4, "totalTokens": 7});
    assert_eq!(
        events,
        [
            ("messageStart".to_owned(), json!({"role": "assistant"})),
            delta(0, json!({"reasoningContent": {"text": "hm"}})),
            stop(0),
            delta(1, json!({"text": "hi"})),
            stop(1),
            ("contentBlockStart".to_owned(), start),
            delta(2, json!({"toolUse": {"input": "{\"a\":"}})),
            delta(2, json!({"toolUse": {"input": "1}"}})),
            stop(2),
            ("messageStop".to_owned(), json!({"stopReason": "tool_use"})),
            ("metadata".to_owned(), json!({"usage": used, "metrics": {"latencyMs": 0}})),
        ]
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn calls_that_grow_together_are_told_one_behind_the_other() {
    let (events, _) = sent(begin(vec![
        ChatEvent::Open(at(0), tool("1", "f")),
        ChatEvent::Open(at(1), tool("2", "g")),
        ChatEvent::Delta(at(1), input("{\"b\"")),
        ChatEvent::Delta(at(0), input("{\"a\"")),
        ChatEvent::Open(at(2), tool("3", "h")),
        ChatEvent::Delta(at(1), input(":2}")),
        ChatEvent::Close(at(1)),
        ChatEvent::Delta(at(0), input(":1}")),
        ChatEvent::Close(at(0)),
        ChatEvent::Close(at(2)),
        stopped(StopKind::ToolUse, "tool_calls"),
    ]));
    let open: Vec<_> = events
        .iter()
        .filter_map(|(name, data)| match name.as_str() {
            "contentBlockStart" => Some(data["start"]["toolUse"]["name"].as_str().unwrap().to_owned()),
            "contentBlockDelta" => Some(data["delta"]["toolUse"]["input"].as_str().unwrap().to_owned()),
            "contentBlockStop" => Some("-".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(open, ["f", "{\"a\"", ":1}", "-", "g", "{\"b\"", ":2}", "-", "h", "{}", "-"]);
}

#[test]
fn what_waits_is_counted() {
    let mut encoder = ConverseEncoder::new(context("m"));
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    let events = [
        ChatEvent::Open(at(0), tool("1", "f")),
        ChatEvent::Open(at(1), tool("2", "g")),
        ChatEvent::Delta(at(1), input("12345678")),
    ];
    events.into_iter().for_each(|event| encoder.put(event, &mut out, &mut losses));
    assert_eq!(encoder.held(), 10);
}

#[test]
fn a_calls_signature_stands_in_front_of_it_even_if_it_comes_behind_whole_arguments() {
    let google = || BlockDelta::Signature(signature(Vendor::Google, SignatureKind::Signature, "g"));
    for deltas in [vec![google(), input("{}")], vec![BlockDelta::WholeInput(raw("{}")), google()]] {
        let mut events = vec![ChatEvent::Open(at(0), tool("1", "f"))];
        events.extend(deltas.into_iter().map(|delta| ChatEvent::Delta(at(0), delta)));
        events.push(ChatEvent::Close(at(0)));
        let (events, losses) = sent(begin(events));
        let names: Vec<_> = events.iter().map(|(name, _)| name.trim_start_matches("contentBlock")).collect();
        assert_eq!(names, ["messageStart", "Delta", "Stop", "Start", "Delta", "Stop"]);
        assert!(events[1].1["delta"]["reasoningContent"]["signature"].as_str().unwrap().starts_with("weir1."));
        assert!(losses.is_empty(), "{losses:?}");
    }
}

#[test]
fn summaries_are_thoughts_with_a_line_between_them() {
    let summary = |text: &str, begins| ChatEvent::Delta(at(0), BlockDelta::Summary(word(text), begins));
    let start = ChatEvent::Open(at(0), BlockStart::Reasoning { id: None });
    let (events, _) = sent(begin(vec![start, summary("a", true), summary("b", true), summary("c", false)]));
    let said: String =
        events[1..].iter().map(|(_, data)| data["delta"]["reasoningContent"]["text"].as_str().unwrap()).collect();
    assert_eq!(said, "a\n\nbc");
}

#[test]
fn what_only_another_wire_has_is_lost_by_name() {
    let other =
        |kind: &str| BlockStart::Other(crate::canon::OtherBlock { kind: kind.into(), raw: raw(r#"{"type":"image"}"#) });
    let second = BlockPlace { choice: 1, block: 0 };
    let (events, losses) = sent(begin(vec![
        ChatEvent::Open(at(0), other("image")),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), BlockStart::Text),
        ChatEvent::Delta(at(1), BlockDelta::Logprobs(raw("{}"))),
        ChatEvent::Close(at(1)),
        ChatEvent::Open(second, BlockStart::Text),
        ChatEvent::Delta(second, BlockDelta::Text(word("no"))),
        ChatEvent::Close(second),
        ChatEvent::Beside("sequence".into(), raw("{}")),
    ]));
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(losses, ["content.image", "logprobs", "choices", "sequence"]);
}

#[test]
fn a_failure_is_an_exception_and_the_last_there_is() {
    for (kind, due) in [
        ("rate_limit_error", "throttlingException"),
        ("RESOURCE_EXHAUSTED", "throttlingException"),
        ("overloaded_error", "serviceUnavailableException"),
        ("UNAVAILABLE", "serviceUnavailableException"),
        ("invalid_request_error", "validationException"),
        ("api_error", "internalServerException"),
        ("modelStreamErrorException", "modelStreamErrorException"),
        ("odd", "internalServerException"),
        ("authentication_error", "modelStreamErrorException"),
    ] {
        let failure = ApiFailure { message: word("no"), kind: Some(word(kind)), code: None, param: None };
        let (events, _) = sent(begin(vec![ChatEvent::Failed(Box::new(failure)), ChatEvent::End]));
        assert_eq!(events[1..], [(due.to_owned(), json!({"message": "no"}))], "{kind}");
    }
}

fn read(events: &[(&str, &str)], clean: bool) -> (Vec<ChatEvent>, StreamState) {
    let mut decoder = ConverseDecoder::new(Vendor::Anthropic);
    let mut out = Vec::new();
    for (name, data) in events {
        let exception = name.ends_with("Exception");
        let data = Bytes::copy_from_slice(data.as_bytes());
        decoder.take(&WireEvent { name: Some(name), data, exception }, &mut out).unwrap();
    }
    let state = decoder.finish(clean, &mut out);
    (out, state)
}

#[test]
fn a_stream_and_the_whole_answer_say_the_same() {
    let (events, state) = read(
        &[
            ("messageStart", r#"{"role":"assistant","p":"abc"}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"h"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"m"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#),
            ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"h"}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"i"}}"#),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"1","name":"f"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\":"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"1}"}}}"#),
            ("contentBlockStop", r#"{"contentBlockIndex":2}"#),
            ("messageStop", r#"{"stopReason":"tool_use"}"#),
            ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":9}}"#),
        ],
        true,
    );
    assert_eq!(state, StreamState::Whole);
    let mut collector = EventCollector::new(WireFormat::Converse);
    events.into_iter().for_each(|event| collector.put(event));
    let streamed = collector.finish().unwrap();
    let whole = raw(r#"{"output":{"message":{"role":"assistant","content":[
            {"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"text":"hi"},
            {"toolUse":{"toolUseId":"1","name":"f","input":{"a":1}}}]}},
        "stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"#);
    let mut whole = decode_answer(&whole, Vendor::Anthropic).unwrap();
    if let ContentBlock::ToolUse(call) = &mut whole.choices[0].blocks[2] {
        call.input = ToolInput::Text(call.input.to_text());
    }
    assert_eq!(streamed, whole);
}

#[test]
fn only_a_stream_that_stopped_and_ended_well_is_whole() {
    let text = ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"h"}}"#);
    let stop = ("messageStop", r#"{"stopReason":"end_turn"}"#);
    assert_eq!(read(&[text, stop], true).1, StreamState::Whole);
    assert_eq!(read(&[text, stop], false).1, StreamState::Broken);
    let (events, state) = read(&[text], true);
    assert_eq!(state, StreamState::Broken);
    assert!(matches!(events.last(), Some(ChatEvent::Close(_))), "what is open is closed: {events:?}");
    assert_eq!(read(&[], true).1, StreamState::Broken);
    let (events, _) = read(&[text, stop, text, stop], true);
    assert_eq!(events.iter().filter(|event| matches!(event, ChatEvent::Stop { .. })).count(), 1);
}

#[test]
fn an_exception_is_a_failure_and_nothing_behind_it_is_read() {
    let slow = ("throttlingException", r#"{"message":"Too many tokens"}"#);
    let text = ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"h"}}"#);
    let (events, state) = read(&[slow, text], true);
    assert_eq!(state, StreamState::Failed);
    let [ChatEvent::Failed(failure)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((failure.message.text(), failure.kind.clone()), ("Too many tokens".into(), Some(word(slow.0))));
    let (events, _) = read(&[("internalServerException", "no JSON")], true);
    assert!(matches!(&events[0], ChatEvent::Failed(failure) if failure.message.is("no JSON")));
}

#[test]
fn what_is_open_is_bounded() {
    let mut decoder = ConverseDecoder::new(Vendor::Anthropic);
    let mut out = Vec::new();
    let mut take = |name: &str, data: String| {
        decoder.take(&WireEvent { name: Some(name), data: data.into(), exception: false }, &mut out)
    };
    let start = |index: usize| {
        json!({"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": "1", "name": "f"}}}).to_string()
    };
    let found = (0..).find_map(|index| take("contentBlockStart", start(index)).err());
    assert_eq!(found, Some(DecodeFault::TooMany { what: "open blocks", most: 64 }));
    let kept = json!({"contentBlockIndex": 0, "start": {"toolUse": {"name": "f", "type": "server_tool_use"}}});
    take("contentBlockStart", kept.to_string()).unwrap();
    let more = json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "x".repeat(1 << 20)}}}).to_string();
    let found = (0..9).find_map(|_| take("contentBlockDelta", more.clone()).err());
    assert_eq!(found, Some(DecodeFault::TooMany { what: "bytes of a block", most: 4 << 20 }));
}

#[test]
fn events_without_their_framing_are_unions() {
    let mut decoder = ConverseDecoder::new(Vendor::Amazon);
    let mut out = Vec::new();
    for data in [r#"{"messageStart":{"role":"assistant"}}"#, r#"{"messageStop":{"stopReason":"end_turn"},"p":"a"}"#] {
        let data = Bytes::from_static(data.as_bytes());
        decoder.take(&WireEvent { name: None, data, exception: false }, &mut out).unwrap();
    }
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    assert_eq!(out.len(), 3);
}

#[test]
fn a_thought_that_is_not_shown_is_told_whole_however_it_came() {
    let text = "EvgFCkYIBxgCKkBm";
    let piece = |text: &str| {
        use base64::Engine as _;
        let blob = base64::prelude::BASE64_STANDARD.encode(text);
        json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"redactedContent": blob}}}).to_string()
    };
    let (one, other) = (piece(&text[..5]), piece(&text[5..]));
    let (events, _) = read(
        &[
            ("contentBlockDelta", &one),
            ("contentBlockDelta", &other),
            ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
            ("messageStop", r#"{"stopReason":"end_turn"}"#),
        ],
        true,
    );
    let whole = BlockDelta::Signature(signature(Vendor::Anthropic, SignatureKind::Redacted, text));
    assert_eq!(events[2], ChatEvent::Delta(at(0), whole));
    let (events, _) = sent(events);
    assert_eq!(events[1].1, serde_json::from_str::<Value>(&piece(text)).unwrap());
}
