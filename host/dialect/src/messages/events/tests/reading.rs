//! Streams of this wire, read.

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::*;
use crate::canon::{EventCollector, ServerToolKind, SignatureKind};
use crate::messages::{decode_answer, encode_answer};
use crate::wire::{Vendor, WireFormat};

fn start() -> Value {
    let usage =
        json!({"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1, "service_tier": "standard"});
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}})
}

fn begun(index: u32, block: &Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn grown(index: u32, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn ended(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn delta() -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 9}})
}

fn last() -> Value {
    json!({"type": "message_stop"})
}

fn stream(blocks: &[Value]) -> Vec<Value> {
    [&[start()], blocks, &[delta(), last()]].concat()
}

/// The events of blocks alone.
fn of_blocks(blocks: &[Value]) -> Vec<ChatEvent> {
    let (_, events) = read(&stream(blocks)).unwrap();
    let is_of_block =
        |event: &ChatEvent| matches!(event, ChatEvent::Open(..) | ChatEvent::Delta(..) | ChatEvent::Close(_));
    events.into_iter().filter(is_of_block).collect()
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    let events = stream(&[
        begun(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        grown(0, &json!({"type": "thinking_delta", "thinking": "h"})),
        grown(0, &json!({"type": "thinking_delta", "thinking": "m"})),
        grown(0, &json!({"type": "signature_delta", "signature": "s"})),
        ended(0),
        json!({"type": "ping"}),
        begun(1, &json!({"type": "text", "text": ""})),
        grown(1, &json!({"type": "text_delta", "text": "😀 "})),
        grown(1, &json!({"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "c"}})),
        grown(1, &json!({"type": "text_delta", "text": "x"})),
        ended(1),
        begun(2, &json!({"type": "redacted_thinking", "data": "d"})),
        ended(2),
        begun(3, &json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}})),
        grown(3, &json!({"type": "input_json_delta", "partial_json": ""})),
        grown(3, &json!({"type": "input_json_delta", "partial_json": "{\"query\":"})),
        grown(3, &json!({"type": "input_json_delta", "partial_json": "\"q\"}"})),
        ended(3),
        begun(4, &json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []})),
        ended(4),
        begun(5, &json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}})),
        grown(5, &json!({"type": "input_json_delta", "partial_json": "{\"a\""})),
        grown(5, &json!({"type": "input_json_delta", "partial_json": ": 1}"})),
        ended(5),
    ]);
    let (mut decoder, events) = read(&events).unwrap();
    assert_eq!(decoder.finish(true, &mut Vec::new()), StreamState::Whole);
    let whole = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "😀 x", "citations": [{"type": "char_location", "cited_text": "c"}]},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
        ],
        "stop_reason": "tool_use", "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 9, "service_tier": "standard"}
    });
    let mut collector = EventCollector::new(WireFormat::Messages);
    events.into_iter().for_each(|event| collector.put(event));
    let written = |answer| -> Value {
        serde_json::from_slice(&encode_answer(&answer, &context(), &mut FieldLosses::default())).unwrap()
    };
    let collected = written(collector.finish().unwrap());
    assert_eq!(collected, written(decode_answer(&raw(&whole.to_string())).unwrap()));
    assert_eq!(collected["content"], whole["content"]);
}

#[test]
fn later_counts_replace_earlier_ones_each_by_itself() {
    // Quirk 100: the delta repeats the input, or says less.
    let (_, events) = read(&stream(&[])).unwrap();
    let usages: Vec<Usage> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Usage(usage) => Some(*usage),
            _ => None,
        })
        .collect();
    let of = |output| Usage { input: Some(7), cached_input: Some(4), output: Some(output), ..Usage::default() };
    assert_eq!(usages, [of(1), of(9)]);
}

#[test]
fn arguments_may_stand_in_the_start_and_empty_pieces_are_nothing() {
    // Quirks 95, 98, 104.
    let call = |input: Value| json!({"type": "tool_use", "id": "a", "name": "f", "input": input});
    let whole = |input: &str| vec![super::call(0, "a"), grow(0, BlockDelta::WholeInput(raw(input))), close(0)];
    assert_eq!(of_blocks(&[begun(0, &call(json!({"p": 1}))), ended(0)]), whole(r#"{"p":1}"#));
    let piece = |text: &str| grown(0, &json!({"type": "input_json_delta", "partial_json": text}));
    assert_eq!(of_blocks(&[begun(0, &call(json!({}))), piece(""), ended(0)]), whole("{}"), "a call without arguments");
    let events = of_blocks(&[begun(0, &call(json!({}))), piece(""), piece("{}"), ended(0)]);
    assert_eq!(events, [super::call(0, "a"), input(0, "{}"), close(0)]);
}

#[test]
fn calls_of_tools_of_the_provider_are_told_when_they_are_whole() {
    let start = json!({"type": "mcp_tool_use", "id": "m", "name": "ask", "server_name": "s", "input": {}});
    let piece = grown(0, &json!({"type": "input_json_delta", "partial_json": "{\"q\":1}"}));
    let events = of_blocks(&[begun(0, &start), piece, ended(0)]);
    let [ChatEvent::Open(_, BlockStart::ServerTool(block)), ChatEvent::Close(_)] = events.as_slice() else { panic!() };
    assert_eq!((block.kind, block.name.clone()), (ServerToolKind::Call, Some(words("ask"))));
    let raw: Value = serde_json::from_slice(block.raw.bytes()).unwrap();
    assert_eq!((&raw["input"], &raw["server_name"]), (&json!({"q": 1}), &json!("s")));
}

#[test]
fn a_thought_may_be_its_signature_alone() {
    // Quirks 84, 92, 113.
    let redacted = of_blocks(&[begun(0, &json!({"type": "redacted_thinking", "data": "d"})), ended(0)]);
    let signature = |events: &[ChatEvent]| match &events[1] {
        ChatEvent::Delta(_, BlockDelta::Signature(signature)) => (signature.vendor, signature.kind),
        other => panic!("{other:?}"),
    };
    assert_eq!((signature(&redacted), redacted.len()), ((Vendor::Anthropic, SignatureKind::Redacted), 3));
    let bare = of_blocks(&[
        begun(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        grown(0, &json!({"type": "signature_delta", "signature": "s"})),
        ended(0),
    ]);
    assert_eq!((signature(&bare), bare.len()), ((Vendor::Anthropic, SignatureKind::Signature), 3));
}

#[test]
fn a_stream_ends_at_its_first_end_and_begins_once() {
    // Quirks 101, 103: the source has joined several answers.
    let joined = [stream(&[]), stream(&[])].concat();
    let (_, events) = read(&joined).unwrap();
    assert_eq!(events, read(&stream(&[])).unwrap().1);
    assert!(matches!(read(&[start(), start()]), Err(DecodeFault::Field { field: "message_start", .. })));
}

#[test]
fn a_stream_is_whole_by_its_reason_and_broken_without() {
    let state = |events: &[Value], clean| {
        let (mut decoder, _) = read(events).unwrap();
        let mut out = Vec::new();
        (decoder.finish(clean, &mut out), out)
    };
    assert_eq!(state(&[start(), delta()], true), (StreamState::Whole, vec![ChatEvent::End]));
    assert_eq!(state(&[start(), delta()], false), (StreamState::Broken, vec![]));
    let cut = [start(), begun(0, &json!({"type": "text", "text": "a"}))];
    assert_eq!(state(&cut, true), (StreamState::Broken, vec![close(0)]));
    assert_eq!(state(&[], true).0, StreamState::Broken);
    let failed = [start(), json!({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}), last()];
    assert_eq!(state(&failed, true), (StreamState::Failed, vec![]));
    let (_, events) = read(&failed).unwrap();
    let ChatEvent::Failed(failure) = events.last().unwrap() else { panic!() };
    assert_eq!((failure.kind.clone(), failure.message.clone()), (Some(words("overloaded_error")), words("m")));
}

#[test]
fn what_stands_beside_is_told_and_other_servers_habits_are_borne() {
    let mut with_more = delta();
    with_more["delta"]["container"] = json!({"id": "c"});
    with_more["context_management"] = json!({"applied_edits": []});
    // Quirk 99.
    let (_, events) = read(&[start(), with_more, json!({"type": "novel"}), last()]).unwrap();
    let beside: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Beside(kind, _) => Some(kind.as_ref()),
            _ => None,
        })
        .collect();
    assert_eq!(beside, ["container", "context_management", "novel"]);
    // A block that nobody opened, one that nobody closed, and OpenAI's end.
    let text = |index| grown(index, &json!({"type": "text_delta", "text": "x"}));
    let implied = of_blocks(&[text(0), begun(1, &json!({"type": "text", "text": "y"})), ended(1), ended(5)]);
    let due = [
        open(0, BlockStart::Text),
        super::text(0, "x"),
        close(0),
        open(1, BlockStart::Text),
        super::text(1, "y"),
        close(1),
    ];
    assert_eq!(implied, due);
    let (mut decoder, mut out) = (MessagesDecoder::new(), Vec::new());
    decoder.take(&WireEvent { name: None, data: "[DONE]".into(), exception: false }, &mut out).unwrap();
    decoder.take(&WireEvent { name: Some("ping"), data: "{}".into(), exception: false }, &mut out).unwrap();
    assert_eq!(out, [ChatEvent::Alive], "its name may say what it is");
}

#[test]
fn what_is_kept_is_bounded() {
    let call = json!({"type": "tool_use", "id": "a", "name": "f", "input": {}});
    let many: Vec<Value> = std::iter::once(start()).chain((0..100).map(|index| begun(index, &call))).collect();
    assert!(matches!(read(&many), Err(DecodeFault::TooMany { most: 64, .. })));
    let piece = grown(0, &json!({"type": "input_json_delta", "partial_json": "x".repeat(1 << 20)}));
    let server = begun(0, &json!({"type": "server_tool_use", "id": "s", "name": "n", "input": {}}));
    let long: Vec<Value> = [start(), server].into_iter().chain(std::iter::repeat_n(piece, 5)).collect();
    assert!(matches!(read(&long), Err(DecodeFault::TooMany { what: "bytes of arguments", .. })));
    for odd in [
        json!(1),
        json!({"type": "content_block_delta"}),
        json!({"type": "content_block_start", "index": 0}),
        json!({"type": "message_start"}),
    ] {
        assert!(read(&[odd]).is_err());
    }
    let odd = grown(7, &json!({"type": "input_json_delta", "partial_json": "x"}));
    assert!(read(&[start(), odd]).is_err(), "arguments of no call");
}

/// Events, right and wrong.
fn any_event() -> impl Strategy<Value = Value> {
    let kinds = ["text", "thinking", "tool_use", "server_tool_use", "redacted_thinking", "novel_tool_result", "image"];
    let block = prop::sample::select(kinds.to_vec()).prop_map(
        |kind| json!({"type": kind, "text": "t", "thinking": "", "id": "i", "name": "n", "input": {}, "data": "d"}),
    );
    let deltas =
        ["text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta", "novel_delta"];
    let delta = prop::sample::select(deltas.to_vec())
        .prop_map(|kind| json!({"type": kind, "text": "t", "thinking": "t", "partial_json": "{", "signature": "s", "citation": {}}));
    prop_oneof![
        Just(start()),
        (0..3u32, block).prop_map(|(index, block)| begun(index, &block)),
        (0..3u32, delta).prop_map(|(index, delta)| grown(index, &delta)),
        (0..3u32).prop_map(ended),
        Just(super::reading::delta()),
        Just(last()),
        Just(json!({"type": "error"})),
        Just(json!({"type": "ping"})),
        Just(json!(null)),
    ]
}

proptest! {
    /// Whatever comes: blocks open and close in order, and nothing comes behind an end.
    #[test]
    fn any_events_are_read_as_the_contract_says(events in prop::collection::vec(any_event(), 0..24), clean in any::<bool>()) {
        let (mut decoder, mut out) = (MessagesDecoder::new(), Vec::new());
        let mut fault = false;
        for event in &events {
            let data = Bytes::from(event.to_string());
            fault |= decoder.take(&WireEvent { name: None, data, exception: false }, &mut out).is_err();
            if fault {
                break;
            }
        }
        decoder.finish(clean, &mut out);
        let (mut open, mut next, mut ends, mut stops) = (Vec::new(), 0, 0, 0);
        for event in &out {
            prop_assert_eq!(ends, 0, "behind an end");
            match event {
                ChatEvent::Open(place, start) => {
                    let is_call = matches!(start, BlockStart::ToolUse { .. });
                    prop_assert!(open.iter().all(|(_, other)| is_call && *other));
                    prop_assert_eq!((place.choice, place.block), (0, next));
                    next += 1;
                    open.push((*place, is_call));
                }
                ChatEvent::Delta(place, _) => prop_assert!(open.iter().any(|(open, _)| open == place)),
                ChatEvent::Close(place) => {
                    let before = open.len();
                    open.retain(|(open, _)| open != place);
                    prop_assert_eq!(open.len() + 1, before);
                }
                ChatEvent::Stop { .. } => {
                    prop_assert!(open.is_empty());
                    stops += 1;
                }
                ChatEvent::End | ChatEvent::Failed(_) => ends += 1,
                _ => {}
            }
        }
        prop_assert!(open.is_empty() && stops <= 1);
        // Whatever was read can be written: one block after the other, numbered from 0, all complete behind an end.
        let (mut open, mut next) = (None, 0);
        for event in put(out).0 {
            let event: Value = serde_json::from_slice(&event.data).unwrap();
            match event["type"].as_str().unwrap() {
                "content_block_start" => {
                    prop_assert_eq!((open.replace(next), event["index"].as_u64()), (None, Some(next)));
                    next += 1;
                }
                "content_block_delta" => prop_assert_eq!(event["index"].as_u64(), open),
                "content_block_stop" => prop_assert_eq!(event["index"].as_u64(), open.take()),
                "message_stop" => prop_assert_eq!(open, None),
                _ => {}
            }
        }
    }
}
