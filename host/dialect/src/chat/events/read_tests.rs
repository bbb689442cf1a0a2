//! Streams of this wire, read.

use bytes::Bytes;
use serde_json::{Value, json};

use super::ChatWireDecoder;
use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, DecodeFault, EventDecoder, StreamState, WireEvent};

fn take(decoder: &mut ChatWireDecoder, data: &str, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
    decoder.take(&WireEvent { name: None, data: Bytes::copy_from_slice(data.as_bytes()), exception: false }, out)
}

/// Events in words.
fn told(events: &[ChatEvent]) -> Vec<String> {
    let at = |place: &BlockPlace| format!("{}.{}", place.choice, place.block);
    events
        .iter()
        .map(|event| match event {
            ChatEvent::Start(start) => format!("start {}", start.id.as_ref().map(|id| id.text()).unwrap_or_default()),
            ChatEvent::Open(place, start) => format!(
                "open {} {}",
                at(place),
                match start {
                    BlockStart::Text => "text".to_owned(),
                    BlockStart::Refusal => "refusal".to_owned(),
                    BlockStart::Reasoning { .. } => "thoughts".to_owned(),
                    BlockStart::ToolUse { id, name, custom, .. } => {
                        let id = id.as_ref().map(|id| id.text()).unwrap_or_default();
                        format!("call {id} {}{}", name.text(), if *custom { " custom" } else { "" })
                    }
                    other => format!("{other:?}"),
                }
            ),
            ChatEvent::Delta(place, delta) => format!(
                "{} {}",
                at(place),
                match delta {
                    BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Reasoning(text) => {
                        text.text().into_owned()
                    }
                    BlockDelta::Summary(text, _) => format!("short {}", text.text()),
                    BlockDelta::Input(text) => text.text().into_owned(),
                    BlockDelta::WholeInput(raw) => format!("whole {}", String::from_utf8_lossy(raw.bytes())),
                    BlockDelta::Signature(signature) => format!("{:?} {}", signature.kind, signature.value.text()),
                    BlockDelta::Citation(note) => format!("cites {}", note.url.as_ref().unwrap().text()),
                    BlockDelta::Logprobs(_) => "logprobs".to_owned(),
                    BlockDelta::Other(_) => "else".to_owned(),
                }
            ),
            ChatEvent::Close(place) => format!("close {}", at(place)),
            ChatEvent::Stop { choice, stop } => format!("stop {choice} {:?}", stop.kind),
            ChatEvent::Usage(used) => format!("used {:?} {:?}", used.input, used.output),
            ChatEvent::Failed(failure) => format!("failed {}", failure.message.text()),
            ChatEvent::End => "end".to_owned(),
            ChatEvent::Beside(kind, _) => format!("beside {kind}"),
            ChatEvent::Alive => "alive".to_owned(),
        })
        .collect()
}

/// What deltas of one choice say, between its start and its end.
fn said(deltas: &[Value]) -> Vec<String> {
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    for delta in deltas {
        let event = json!({"id": "1", "choices": [{"index": 0, "delta": delta}]});
        take(&mut decoder, &event.to_string(), &mut out).unwrap();
    }
    take(&mut decoder, "[DONE]", &mut out).unwrap();
    let told = told(&out);
    assert_eq!((told[0].as_str(), told.last().unwrap().as_str()), ("start 1", "end"));
    told[1..told.len() - 1].to_vec()
}

fn call(members: Value) -> Value {
    json!({"tool_calls": [members]})
}

#[test]
fn blocks_open_when_they_say_something_and_close_when_another_does() {
    let deltas = [
        json!({"role": "assistant", "content": ""}),
        json!({"content": null, "reasoning_content": "why"}),
        json!({"reasoning_content": "?", "content": ""}),
        json!({"content": "so"}),
        json!({"content": "!", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a"}}, 7]}),
        json!({"refusal": "no"}),
        call(json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}})),
        call(json!({"index": 0, "function": {"arguments": "{}"}})),
        json!({"content": "more"}),
    ];
    assert_eq!(
        said(&deltas),
        [
            "open 0.0 thoughts",
            "0.0 why",
            "0.0 ?",
            "close 0.0",
            "open 0.1 text",
            "0.1 so",
            "0.1 !",
            "0.1 cites https://a",
            "close 0.1",
            "open 0.2 refusal",
            "0.2 no",
            "close 0.2",
            "open 0.3 call c1 f",
            "0.3 {}",
            "close 0.3",
            "open 0.4 text",
            "0.4 more",
            "close 0.4",
            "stop 0 ToolUse",
        ]
    );
}

#[test]
fn calls_go_on_side_by_side_and_close_when_their_arguments_are_all_there() {
    let begin = |index: u32, id: &str, text: &str| {
        call(json!({"index": index, "id": id, "function": {"name": "f", "arguments": text}}))
    };
    let more = |index: u32, text: &str| call(json!({"index": index, "function": {"arguments": text}}));
    // The first one is whole when the second begins; the second goes on beside the third.
    let deltas =
        [begin(2, "a", "{\"}"), more(2, "\":[1]}"), begin(3, "b", "{"), begin(4, "c", "{"), more(3, "}"), more(4, "}")];
    assert_eq!(
        said(&deltas),
        [
            "open 0.0 call a f",
            "0.0 {\"}",
            "0.0 \":[1]}",
            "close 0.0",
            "open 0.1 call b f",
            "0.1 {",
            "open 0.2 call c f",
            "0.2 {",
            "0.1 }",
            "0.2 }",
            "close 0.1",
            "close 0.2",
            "stop 0 ToolUse",
        ]
    );
}

#[test]
fn which_call_goes_on_is_told_by_number_identifier_and_name() {
    // One number for all of them: Gemini's compatible API.
    let same = |id: &str| call(json!({"index": 0, "id": id, "function": {"name": "f", "arguments": "{}"}}));
    assert_eq!(
        said(&[same("a"), same("b")]),
        ["open 0.0 call a f", "0.0 {}", "close 0.0", "open 0.1 call b f", "0.1 {}", "close 0.1", "stop 0 ToolUse"]
    );
    // The name again with every piece.
    let piece = |text: &str| call(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": text}}));
    assert_eq!(said(&[piece("{"), piece("}")])[..3], ["open 0.0 call a f", "0.0 {", "0.0 }"]);
    // Neither number nor identifier, the same tool twice.
    let bare = || call(json!({"function": {"name": "f", "arguments": "{}"}}));
    assert_eq!(said(&[bare(), bare()]).iter().filter(|told| told.starts_with("open")).count(), 2);
    // Nothing but names and values (24).
    let values = json!({"tool_calls": [
        {"function": {"name": "f", "arguments": {"a": 1}}}, {"function": {"name": "g", "arguments": {}}}]});
    assert_eq!(
        said(&[values])[..5],
        ["open 0.0 call  f", "0.0 whole {\"a\":1}", "close 0.0", "open 0.1 call  g", "0.1 whole {}"]
    );
    let custom = call(json!({"index": 0, "id": "a", "type": "custom", "custom": {"name": "c", "input": "{}"}}));
    assert_eq!(
        said(&[custom, call(json!({"index": 0, "custom": {"input": "x"}}))])[..3],
        ["open 0.0 call a c custom", "0.0 {}", "0.0 x"]
    );
    let older =
        [json!({"function_call": {"name": "f", "arguments": ""}}), json!({"function_call": {"arguments": "{}"}})];
    assert_eq!(said(&older)[..2], ["open 0.0 call  f", "0.0 {}"]);
    assert_eq!(
        said(&[json!({"function_call": {"name": "", "arguments": ""}}), json!({"tool_calls": null})]),
        ["stop 0 End"]
    );
}

#[test]
fn thoughts_are_read_once_with_their_signatures() {
    let detail = |members: Value| json!({"reasoning_details": [members]});
    let deltas = [
        json!({"reasoning": "why", "reasoning_details": [{"type": "reasoning.text", "text": "why", "format": "anthropic-claude-v1"}]}),
        detail(json!({"type": "reasoning.text", "signature": "sig", "format": "anthropic-claude-v1"})),
        json!({"reasoning": "then"}),
        detail(json!({"type": "reasoning.encrypted", "data": "AAAA", "format": "anthropic-claude-v1"})),
        json!({"content": "so"}),
    ];
    assert_eq!(
        said(&deltas),
        [
            "open 0.0 thoughts",
            "0.0 why",
            "0.0 Signature sig",
            "close 0.0",
            "open 0.1 thoughts",
            "0.1 then",
            "close 0.1",
            "open 0.2 thoughts",
            "0.2 Redacted AAAA",
            "close 0.2",
            "open 0.3 text",
            "0.3 so",
            "close 0.3",
            "stop 0 End",
        ]
    );
    // Where nothing but the details says it.
    let alone = [detail(json!({"text": "why"})), detail(json!({"summary": "short"})), detail(json!({"data": "AAAA"}))];
    assert_eq!(said(&alone)[..4], ["open 0.0 thoughts", "0.0 why", "0.0 short short", "0.0 Encrypted AAAA"]);
    // Mistral says it among the content (15).
    let parts = json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]},
        {"type": "text", "text": "so"}, {"type": "reference", "reference_ids": [1]}]});
    assert_eq!(
        said(&[parts])[..6],
        ["open 0.0 thoughts", "0.0 why", "close 0.0", "open 0.1 text", "0.1 so", "beside reference"]
    );
    let signed = call(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "sig"}}}));
    assert_eq!(said(&[signed])[2], "0.0 Signature sig");
}

#[test]
fn choices_are_told_apart_and_end_each_once() {
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    let choice =
        |index: u32, text: &str, end: Value| json!({"index": index, "delta": {"content": text}, "finish_reason": end});
    for choices in [
        json!([]),
        json!([choice(0, "a", Value::Null), choice(1, "b", Value::Null)]),
        json!([choice(1, "c", json!("length"))]),
        json!([choice(1, "", json!("length")), choice(0, "", json!("stop"))]),
    ] {
        take(&mut decoder, &json!({"id": "", "choices": choices}).to_string(), &mut out).unwrap();
    }
    take(&mut decoder, r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, &mut out).unwrap();
    take(&mut decoder, r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, &mut out).unwrap();
    assert_eq!(decoder.finish(true, &mut out), StreamState::Whole);
    assert_eq!(
        told(&out),
        [
            "start ",
            "open 0.0 text",
            "0.0 a",
            "open 1.0 text",
            "1.0 b",
            "1.0 c",
            "used Some(1) Some(2)",
            "close 0.0",
            "stop 0 End",
            "close 1.0",
            "stop 1 Length",
            "end",
        ]
    );
}

#[test]
fn a_stream_that_breaks_off_is_closed_and_has_no_end() {
    for (last, clean, due) in [
        (r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, true, StreamState::Broken),
        (r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#, false, StreamState::Broken),
        (r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#, true, StreamState::Whole),
        ("[DONE]", false, StreamState::Whole),
        (r#"{"error":"no"}"#, true, StreamState::Failed),
    ] {
        let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
        take(&mut decoder, last, &mut out).unwrap();
        assert_eq!(decoder.finish(clean, &mut out), due, "{last}");
        let opened = out.iter().filter(|event| matches!(event, ChatEvent::Open(..))).count();
        assert_eq!(out.iter().filter(|event| matches!(event, ChatEvent::Close(_))).count(), opened);
        assert_eq!(out.contains(&ChatEvent::End), due == StreamState::Whole);
        // Whatever follows is not read.
        let before = out.len();
        take(&mut decoder, "no JSON", &mut out).unwrap();
        assert_eq!((out.len(), decoder.finish(true, &mut out)), (before, due));
    }
}

#[test]
fn failures_are_read_in_every_shape() {
    for (name, data, due) in [
        (None, r#"{"error":{"message":"m","type":"t","code":429,"param":"p"}}"#, ("m", Some("t"), Some("429"))),
        (None, r#"{"choices":[{"index":0,"error":{"message":"m","code":"c"}}]}"#, ("m", None, Some("c"))),
        (None, r#"{"error":"m","choices":[]}"#, ("m", None, None)),
        (Some("error"), r#"{"message":"m","type":"t"}"#, ("m", Some("t"), None)),
        (Some("error"), r#"{"detail":"m"}"#, ("m", None, None)),
    ] {
        let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
        let event = WireEvent { name, data: Bytes::from_static(data.as_bytes()), exception: false };
        decoder.take(&event, &mut out).unwrap();
        let Some(ChatEvent::Failed(failure)) = out.last() else { panic!("{data}: {out:?}") };
        let words = |word: &Option<crate::canon::JsonText>| word.as_ref().map(|word| word.text().into_owned());
        assert_eq!(failure.message.text(), due.0);
        assert_eq!((words(&failure.kind).as_deref(), words(&failure.code).as_deref()), (due.1, due.2), "{data}");
    }
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    take(&mut decoder, r#"{"error":null,"choices":[]}"#, &mut out).unwrap();
    assert!(out.is_empty());
}

#[test]
fn what_is_no_event_of_this_wire_is_a_fault_and_bounds_hold() {
    let mut out = Vec::new();
    assert!(matches!(take(&mut ChatWireDecoder::new(), "{", &mut out), Err(DecodeFault::Syntax(_))));
    assert!(matches!(take(&mut ChatWireDecoder::new(), "[]", &mut out), Err(DecodeFault::Field { field: "data", .. })));
    let mut decoder = ChatWireDecoder::new();
    let fault = (0..200).find_map(|index| {
        let event = json!({"choices": [{"index": index, "delta": {}}]});
        take(&mut decoder, &event.to_string(), &mut out).err()
    });
    assert!(matches!(fault, Some(DecodeFault::TooMany { what: "choices", most: 128 })));
    let mut decoder = ChatWireDecoder::new();
    let fault = (0..2_000).find_map(|index| {
        let event = json!({"choices": [{"delta": call(json!({"index": index, "function": {"name": "f"}}))}]});
        take(&mut decoder, &event.to_string(), &mut out).err()
    });
    assert!(matches!(fault, Some(DecodeFault::TooMany { what: "tool calls", most: 1_024 })));
}

#[test]
fn what_stands_beside_is_told_once_by_its_name() {
    let (mut decoder, mut out) = (ChatWireDecoder::new(), Vec::new());
    for _ in 0..2 {
        let event = r#"{"id":"1","citations":["https://a"],"choices":[{"index":0,"seed":7,"x":null,"delta":{"channel":"final","audio":{"id":"a"}}}]}"#;
        take(&mut decoder, event, &mut out).unwrap();
    }
    assert_eq!(told(&out), ["start 1", "beside seed", "beside channel", "beside audio"]);
    let ChatEvent::Start(start) = &out[0] else { panic!() };
    assert!(start.extra.get("citations").is_some());
}
