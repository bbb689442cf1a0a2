//! Streams of any wire, written for clients of this one.

use serde_json::{Value, json};
use weir_usage::Usage;

use super::*;
use crate::canon::{
    AnswerStart, ApiFailure, OtherBlock, RawMembers, ServerToolBlock, ServerToolKind, SignatureKind, ThoughtSignature,
};
use crate::wire::Vendor;

fn started(index: u32, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn grown(index: u32, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stopped(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn text_block() -> Value {
    json!({"type": "text", "text": ""})
}

fn signed(vendor: Vendor, kind: SignatureKind) -> BlockDelta {
    BlockDelta::Signature(ThoughtSignature { vendor, kind, value: words("s") })
}

#[test]
fn a_stream_begins_and_ends_as_clients_expect_and_says_at_the_end_what_was_not_known_before() {
    let start = AnswerStart { id: Some(words("chatcmpl-1")), model: Some(words("gpt")), ..AnswerStart::default() };
    let usage = |input, output| {
        ChatEvent::Usage(Usage { input: Some(input), output, cached_input: Some(2), ..Usage::default() })
    };
    let (events, lost) = written(vec![
        ChatEvent::Alive,
        ChatEvent::Start(Box::new(start)),
        open(0, BlockStart::Text),
        text(0, "a"),
        text(0, ""),
        text(0, "b"),
        close(0),
        ChatEvent::Stop { choice: 0, stop: stop(StopKind::Length) },
        usage(9, None),
        usage(10, Some(5)),
        ChatEvent::End,
        ChatEvent::Alive,
    ]);
    let message = json!({
        "id": "chatcmpl-1", "type": "message", "role": "assistant", "model": "asked", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 0, "output_tokens": 0}
    });
    let due = vec![
        json!({"type": "ping"}),
        json!({"type": "message_start", "message": message}),
        json!({"type": "ping"}),
        started(0, text_block()),
        grown(0, json!({"type": "text_delta", "text": "a"})),
        grown(0, json!({"type": "text_delta", "text": "b"})),
        stopped(0),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens", "stop_sequence": null},
               "usage": {"input_tokens": 8, "cache_read_input_tokens": 2, "output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    assert_eq!((events, lost), (due, vec![]));
}

#[test]
fn calls_that_come_at_once_are_written_one_after_the_other_and_what_waits_is_counted() {
    let (mut encoder, mut out, mut losses) = (MessagesEncoder::new(context()), Vec::new(), FieldLosses::default());
    let mut held = Vec::new();
    let events = vec![
        call(0, "a"),
        call(1, "b"),
        input(0, "{\"x\""),
        input(1, "{\"y\""),
        input(0, ":1}"),
        input(1, ":2}"),
        close(1),
        call(2, "c"),
        close(0),
        input(2, "{}"),
        close(2),
        ChatEvent::Stop { choice: 0, stop: stop(StopKind::End) },
        ChatEvent::End,
    ];
    for event in events {
        encoder.put(event, &mut out, &mut losses);
        held.push(encoder.held());
    }
    let events: Vec<Value> = out[2..].iter().map(|event| serde_json::from_slice(&event.data).unwrap()).collect();
    let tool = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let piece = |text: &str| json!({"type": "input_json_delta", "partial_json": text});
    let due = [
        started(0, tool("a")),
        grown(0, piece("{\"x\"")),
        grown(0, piece(":1}")),
        stopped(0),
        started(1, tool("b")),
        grown(1, piece("{\"y\"")),
        grown(1, piece(":2}")),
        stopped(1),
        started(2, tool("c")),
        grown(2, piece("{}")),
        stopped(2),
    ];
    assert_eq!(events[..11], due);
    assert_eq!(events[11]["delta"]["stop_reason"], "tool_use");
    assert!(held[3] > held[1] && held[1] > 0 && held[8] == 0, "{held:?}");
}

#[test]
fn blocks_that_nobody_closed_are_closed_at_the_end() {
    let events = behind_start(vec![call(0, "a"), call(1, "b"), input(1, "{}"), input(0, "{}"), ChatEvent::End]);
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    assert_eq!(kinds, [&block[..], &block, &["message_delta", "message_stop"]].concat());
}

#[test]
fn arguments_that_come_whole_and_free_text_are_objects() {
    let custom = BlockStart::ToolUse { id: None, item: None, name: words("f"), custom: true };
    let (events, lost) = written(vec![
        call(0, "a.b"),
        grow(0, BlockDelta::WholeInput(raw(r#"{"a":1}"#))),
        close(0),
        call(1, "b"),
        grow(1, BlockDelta::WholeInput(raw("{}"))),
        close(1),
        open(2, custom),
        input(2, "ls"),
        input(2, " -l"),
        close(2),
        call(3, "n"),
        input(3, "null"),
        close(3),
    ]);
    let deltas: Vec<_> = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert_eq!(deltas, [r#"{"a":1}"#, r#"{"_raw":"ls -l"}"#]);
    assert_eq!(events[2]["content_block"]["id"].as_str().unwrap().len(), 22, "an identifier that the grammar takes");
    assert_eq!(lost, ["content.tool_use.input"]);
}

#[test]
fn thoughts_end_with_their_signature_and_are_redacted_where_there_are_no_words() {
    let thought = |block| open(block, BlockStart::Reasoning { id: None });
    let said = |block, text: &str| grow(block, BlockDelta::Reasoning(words(text)));
    let summary = |block, text: &str, another| grow(block, BlockDelta::Summary(words(text), another));
    let events = behind_start(vec![
        thought(0),
        grow(0, signed(Vendor::Anthropic, SignatureKind::Signature)),
        said(0, "a"),
        close(0),
        thought(1),
        summary(1, "b", true),
        summary(1, "c", true),
        said(1, "not twice"),
        grow(1, signed(Vendor::OpenAi, SignatureKind::Encrypted)),
        close(1),
        thought(2),
        close(2),
        thought(3),
        grow(3, signed(Vendor::OpenAi, SignatureKind::Encrypted)),
        close(3),
        thought(4),
        grow(4, signed(Vendor::Anthropic, SignatureKind::Redacted)),
        close(4),
    ]);
    let thinking = json!({"type": "thinking", "thinking": "", "signature": ""});
    let words = |text: &str| json!({"type": "thinking_delta", "thinking": text});
    let signature = |text: &str| json!({"type": "signature_delta", "signature": text});
    let redacted = |data: &str| json!({"type": "redacted_thinking", "data": data});
    let due = [
        started(0, thinking.clone()),
        grown(0, words("a")),
        grown(0, signature("s")),
        stopped(0),
        started(1, thinking),
        grown(1, words("b")),
        grown(1, words("\n\n")),
        grown(1, words("c")),
        grown(1, signature("weir1.openai.encrypted.cw")),
        stopped(1),
        started(2, redacted("weir1.openai.encrypted.cw")),
        stopped(2),
        started(3, redacted("s")),
        stopped(3),
    ];
    assert_eq!(events, due);
}

#[test]
fn a_signature_of_a_call_stands_before_it_and_that_of_a_text_behind_it() {
    let google = || signed(Vendor::Google, SignatureKind::Signature);
    let events = behind_start(vec![
        call(0, "a"),
        grow(0, BlockDelta::WholeInput(raw(r#"{"a":1}"#))),
        grow(0, google()),
        close(0),
        open(1, BlockStart::Text),
        text(1, "x"),
        grow(1, google()),
        close(1),
    ]);
    let kinds: Vec<_> = events.iter().filter_map(|event| event["content_block"]["type"].as_str()).collect();
    assert_eq!(kinds, ["redacted_thinking", "tool_use", "text", "redacted_thinking"]);
}

#[test]
fn refusals_failures_and_what_is_not_of_this_wire() {
    let refused = behind_start(vec![
        open(0, BlockStart::Refusal),
        grow(0, BlockDelta::Refusal(words("no"))),
        close(0),
        ChatEvent::Stop { choice: 0, stop: stop(StopKind::End) },
        ChatEvent::End,
    ]);
    assert_eq!((&refused[1]["delta"]["text"], &refused[3]["delta"]["stop_reason"]), (&json!("no"), &json!("refusal")));
    for (kind, due) in [
        ("overloaded_error", "overloaded_error"),
        ("UNAVAILABLE", "overloaded_error"),
        ("throttlingException", "rate_limit_error"),
        ("invalid_request_error", "invalid_request_error"),
        ("server_error", "api_error"),
    ] {
        let failure = ApiFailure { message: words("m"), kind: Some(words(kind)), code: None, param: None };
        let (events, _) = written(vec![ChatEvent::Failed(Box::new(failure)), ChatEvent::End]);
        assert_eq!(
            events,
            [json!({"type": "error", "error": {"type": due, "message": "m"}, "request_id": null})],
            "and nothing behind it"
        );
    }
    let tool = |raw_tool: &str| {
        BlockStart::ServerTool(ServerToolBlock { kind: ServerToolKind::Call, name: None, id: None, raw: raw(raw_tool) })
    };
    let own = r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}}"#;
    let (events, lost) = written(vec![
        open(0, tool(own)),
        close(0),
        open(1, tool(r#"{"type":"web_search_call"}"#)),
        close(1),
        open(2, BlockStart::Other(OtherBlock { kind: "item".into(), raw: raw("{}") })),
        close(2),
        ChatEvent::Beside("x_created".into(), raw("{}")),
        ChatEvent::Open(BlockPlace { choice: 1, block: 0 }, BlockStart::Text),
        ChatEvent::Stop { choice: 1, stop: stop(StopKind::End) },
        open(3, BlockStart::Text),
        grow(3, BlockDelta::Logprobs(raw("[]"))),
        close(3),
        ChatEvent::End,
    ]);
    let blocks: Vec<_> = events.iter().filter_map(|event| event.get("content_block")).collect();
    assert_eq!(blocks, [&serde_json::from_str::<Value>(own).unwrap()], "a block that says nothing is none");
    assert_eq!(lost, ["content.server_tool", "content.item", "events.x_created", "choices", "logprobs"]);
    assert!(RawMembers::default().is_empty());
}
