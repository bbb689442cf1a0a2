//! Streams of other wires, written.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::{ChatWireDecoder, ChatWireEncoder};
use crate::canon::{
    AnswerContext, AnswerStart, ApiFailure, BlockDelta, BlockPlace, BlockStart, ChatAnswer, ChatChoice, ChatEvent,
    ChatStop, CitationKind, CitationNote, ContentBlock, EventCollector, EventDecoder, EventEncoder, EventReplay,
    FieldLosses, JsonText, OtherBlock, RawJson, ReasoningBlock, SignatureKind, StopKind, StreamState, TextBlock,
    ThoughtSignature, ToolInput, ToolUseBlock, WireEvent,
};
use crate::wire::{Vendor, WireFormat};

fn t(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn at(block: u32) -> BlockPlace {
    BlockPlace { choice: 0, block }
}

fn context(include_usage: bool) -> AnswerContext {
    AnswerContext { model: Arc::from("ours"), id: 7, now: 99, include_usage, request: Bytes::new() }
}

fn start() -> ChatEvent {
    ChatEvent::Start(Box::new(AnswerStart { id: Some(t("msg_1")), ..AnswerStart::default() }))
}

fn stop(kind: StopKind) -> ChatEvent {
    ChatEvent::Stop { choice: 0, stop: ChatStop { kind, word: t("word"), sequence: None, details: None } }
}

fn call(id: Option<&str>, custom: bool) -> BlockStart {
    BlockStart::ToolUse { id: id.map(t), item: None, name: t("f"), custom }
}

fn signature(vendor: Vendor, kind: SignatureKind) -> BlockDelta {
    BlockDelta::Signature(ThoughtSignature { vendor, kind, value: t("sig") })
}

/// All events, and what is lost.
fn written(events: Vec<ChatEvent>, include_usage: bool) -> (Vec<String>, Vec<String>) {
    let mut encoder = ChatWireEncoder::new(context(include_usage));
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    events.into_iter().for_each(|event| encoder.put(event, &mut out, &mut losses));
    assert_eq!(encoder.held(), 0);
    let data = out.iter().map(|event| {
        assert_eq!(event.name, None);
        String::from_utf8(event.data.to_vec()).unwrap()
    });
    (data.collect(), losses.iter().map(str::to_owned).collect())
}

/// The deltas of events between a start and a stop, and what is lost.
fn deltas(events: Vec<ChatEvent>) -> (Vec<Value>, Vec<String>) {
    let all = [vec![start()], events, vec![stop(StopKind::End), ChatEvent::End]].concat();
    let (data, losses) = written(all, false);
    let deltas = data.iter().filter(|data| *data != "[DONE]").map(|data| {
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&event["id"], &event["model"], &event["created"]), (&json!("msg_1"), &json!("ours"), &json!(99)));
        event["choices"][0]["delta"].clone()
    });
    let deltas: Vec<Value> = deltas.collect();
    assert_eq!(deltas[0], json!({"role": "assistant", "content": "", "refusal": null}));
    assert_eq!(deltas.last(), Some(&json!({})));
    (deltas[1..deltas.len() - 1].to_vec(), losses)
}

#[test]
fn every_event_has_what_clients_types_demand() {
    let text = BlockDelta::Text(t("hi"));
    let used = ChatEvent::Usage(Usage { input: Some(3), output: Some(4), ..Usage::default() });
    let events = vec![
        ChatEvent::Start(Box::default()),
        ChatEvent::Usage(Usage { input: Some(3), output: Some(1), ..Usage::default() }),
        ChatEvent::Alive,
        ChatEvent::Open(at(0), BlockStart::Text),
        ChatEvent::Delta(at(0), text),
        ChatEvent::Close(at(0)),
        stop(StopKind::Length),
        used,
        ChatEvent::End,
        ChatEvent::End,
    ];
    let (data, losses) = written(events, true);
    assert!(losses.is_empty());
    let id = serde_json::from_str::<Value>(&data[0]).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("chatcmpl-"));
    let chunk = |delta: &str, end: &str| {
        format!(
            r#"{{"id":"{id}","object":"chat.completion.chunk","created":99,"model":"ours","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{end}}}],"usage":null}}"#
        )
    };
    assert_eq!(
        data,
        [
            chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"),
            chunk(r#"{"content":"hi"}"#, "null"),
            chunk("{}", "\"length\""),
            format!(
                r#"{{"id":"{id}","object":"chat.completion.chunk","created":99,"model":"ours","choices":[],"usage":{{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}}"#
            ),
            "[DONE]".to_owned(),
        ]
    );
}

#[test]
fn calls_are_numbered_by_themselves_and_never_without_arguments() {
    let input = |text: &str| BlockDelta::Input(t(text));
    let (deltas, _) = deltas(vec![
        ChatEvent::Open(at(0), BlockStart::Text),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), call(Some("a"), false)),
        ChatEvent::Open(at(2), call(None, false)),
        ChatEvent::Delta(at(2), BlockDelta::WholeInput(raw(r#"{"a":1}"#))),
        ChatEvent::Delta(at(1), input("{")),
        ChatEvent::Delta(at(1), input("}")),
        ChatEvent::Close(at(1)),
        ChatEvent::Close(at(2)),
        ChatEvent::Open(at(3), call(Some("c"), false)),
        ChatEvent::Close(at(3)),
        ChatEvent::Open(at(4), call(Some("d"), true)),
        ChatEvent::Delta(at(4), input("x")),
        ChatEvent::Close(at(4)),
    ]);
    let calls: Vec<&Value> = deltas.iter().map(|delta| &delta["tool_calls"][0]).collect();
    let opened = |index: u32, id: &str| json!({"index": index, "id": id, "type": "function", "function": {"name": "f", "arguments": ""}});
    let more = |index: u32, text: &str| json!({"index": index, "function": {"arguments": text}});
    assert_eq!(calls[0], &opened(0, "a"));
    assert!(calls[1]["id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(calls[2..5], [&more(1, "{\"a\":1}"), &more(0, "{"), &more(0, "}")]);
    assert_eq!(calls[5..7], [&opened(2, "c"), &more(2, "{}")]);
    assert_eq!(calls[7], &json!({"index": 3, "id": "d", "type": "custom", "custom": {"name": "f", "input": ""}}));
    assert_eq!(calls[8], &json!({"index": 3, "custom": {"input": "x"}}));
}

#[test]
fn thoughts_are_told_as_they_come_and_once_more_with_their_signature() {
    let thoughts = || BlockStart::Reasoning { id: None };
    let events = vec![
        ChatEvent::Open(at(0), thoughts()),
        ChatEvent::Delta(at(0), BlockDelta::Reasoning(t("wh"))),
        ChatEvent::Delta(at(0), BlockDelta::Reasoning(t("y"))),
        ChatEvent::Delta(at(0), signature(Vendor::Anthropic, SignatureKind::Signature)),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), thoughts()),
        ChatEvent::Delta(at(1), BlockDelta::Summary(t("one"), true)),
        ChatEvent::Delta(at(1), BlockDelta::Summary(t("two"), true)),
        ChatEvent::Delta(at(1), signature(Vendor::OpenAi, SignatureKind::Encrypted)),
        ChatEvent::Close(at(1)),
        ChatEvent::Open(at(2), call(Some("a"), false)),
        ChatEvent::Delta(at(2), signature(Vendor::Google, SignatureKind::Signature)),
        ChatEvent::Close(at(2)),
    ];
    let (deltas, losses) = deltas(events);
    assert!(losses.is_empty());
    let said: String = deltas.iter().filter_map(|delta| delta["reasoning_content"].as_str()).collect();
    assert_eq!(said, "whyone\n\ntwo");
    let details: Vec<&Value> =
        deltas.iter().map(|delta| &delta["reasoning_details"][0]).filter(|one| !one.is_null()).collect();
    assert_eq!((&details[0]["text"], &details[0]["index"]), (&json!("why"), &json!(0)));
    assert!(details[0]["signature"].as_str().unwrap().starts_with("weir1.anthropic.signature."));
    assert_eq!(details[1], &json!({"index": 1, "type": "reasoning.encrypted", "data": "sig"}));
    let slot =
        deltas.iter().find_map(|delta| delta["tool_calls"][0]["extra_content"]["google"]["thought_signature"].as_str());
    assert_eq!(slot, Some("sig"));
}

#[test]
fn what_is_kept_for_a_signature_is_counted_until_its_block_closes() {
    let mut encoder = ChatWireEncoder::new(context(false));
    let (mut out, mut losses) = (Vec::new(), FieldLosses::default());
    let place = at(0);
    for (event, held) in [
        (ChatEvent::Open(place, BlockStart::Reasoning { id: None }), 0),
        (ChatEvent::Delta(place, BlockDelta::Reasoning(t("four"))), 6),
        (ChatEvent::Delta(place, BlockDelta::Reasoning(t("more"))), 12),
        (ChatEvent::Close(place), 0),
    ] {
        encoder.put(event, &mut out, &mut losses);
        assert_eq!(encoder.held(), held);
    }
}

#[test]
fn citations_and_probabilities_are_told_in_openais_words() {
    let note = |url: Option<&str>| {
        BlockDelta::Citation(CitationNote {
            kind: CitationKind::Url,
            title: Some(t("T")),
            url: url.map(t),
            quote: None,
            start: None,
            end: None,
            wire: WireFormat::Messages,
            raw: raw("{}"),
        })
    };
    let events = vec![
        start(),
        ChatEvent::Open(at(0), BlockStart::Text),
        ChatEvent::Delta(at(0), BlockDelta::Text(t("äb"))),
        ChatEvent::Close(at(0)),
        ChatEvent::Open(at(1), BlockStart::Text),
        ChatEvent::Delta(at(1), BlockDelta::Text(t("cde"))),
        ChatEvent::Delta(at(1), note(Some("https://a"))),
        ChatEvent::Delta(at(1), note(None)),
        ChatEvent::Delta(at(1), BlockDelta::Logprobs(raw(r#"[{"token":"a"}]"#))),
        ChatEvent::Delta(at(1), BlockDelta::Logprobs(raw(r#"{"content":[1],"refusal":null}"#))),
        ChatEvent::Delta(at(1), BlockDelta::Logprobs(raw(r#"{"chosenCandidates":[]}"#))),
        ChatEvent::Close(at(1)),
    ];
    let (data, losses) = written(events, false);
    let events: Vec<Value> = data.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    assert_eq!(
        events[3]["choices"][0]["delta"]["annotations"],
        json!([{"type": "url_citation", "url_citation":
            {"url": "https://a", "title": "T", "start_index": 2, "end_index": 5}}])
    );
    assert_eq!(events[4]["choices"][0]["logprobs"], json!({"content": [{"token": "a"}], "refusal": null}));
    assert_eq!(events[5]["choices"][0]["logprobs"], json!({"content": [1], "refusal": null}));
    assert_eq!(losses, ["content.citations", "choices.logprobs"]);
}

#[test]
fn what_has_no_place_is_lost_by_name() {
    let other = OtherBlock { kind: "container_upload".into(), raw: RawJson::EMPTY_OBJECT };
    let (deltas, losses) = deltas(vec![
        ChatEvent::Beside("ping_extra".into(), RawJson::EMPTY_OBJECT),
        ChatEvent::Open(at(0), BlockStart::Other(other)),
        ChatEvent::Delta(at(0), BlockDelta::Text(t("x"))),
        ChatEvent::Close(at(0)),
        ChatEvent::Delta(at(9), BlockDelta::Text(t("of no block"))),
    ]);
    assert_eq!(deltas, Vec::<Value>::new());
    assert_eq!(losses, ["ping_extra", "content.container_upload"]);
}

#[test]
fn a_refusal_ends_as_openai_ends_one_and_a_filter_by_its_word() {
    let reason = |events: Vec<ChatEvent>| {
        let (data, _) = written(events, false);
        let event: Value = serde_json::from_str(data.last().unwrap()).unwrap();
        event["choices"][0]["finish_reason"].as_str().unwrap().to_owned()
    };
    let refused = ChatEvent::Open(at(0), BlockStart::Refusal);
    assert_eq!(reason(vec![start(), refused, ChatEvent::Close(at(0)), stop(StopKind::Refusal)]), "stop");
    assert_eq!(reason(vec![start(), stop(StopKind::Refusal)]), "content_filter");
    assert_eq!(reason(vec![stop(StopKind::Paused)]), "stop", "and without a start");
}

#[test]
fn a_failure_is_an_event_behind_which_nothing_comes() {
    let failure = ApiFailure { message: t("no"), kind: None, code: Some(t("c")), param: None };
    let (data, _) = written(vec![start(), ChatEvent::Failed(Box::new(failure)), ChatEvent::End], true);
    assert_eq!(data.len(), 2);
    assert_eq!(data[1], r#"{"error":{"message":"no","type":"api_error","param":null,"code":"c"}}"#);
}

fn word() -> impl Strategy<Value = JsonText> {
    "[a-z\"\\\\ü{}]{1,8}".prop_map(|text| JsonText::of(&text))
}

fn block() -> impl Strategy<Value = ContentBlock> {
    let signed = (word(), prop_oneof![Just(SignatureKind::Signature), Just(SignatureKind::Redacted)]);
    let signed = signed.prop_map(|(value, kind)| ThoughtSignature { vendor: Vendor::Anthropic, kind, value });
    prop_oneof![
        word().prop_map(|text| ContentBlock::Text(TextBlock::of(text))),
        word().prop_map(|text| ContentBlock::Refusal(TextBlock::of(text))),
        (word(), signed).prop_map(|(text, signature)| {
            let shown = signature.kind == SignatureKind::Signature;
            let text = Some(text).filter(|_| shown).into_iter().collect();
            ContentBlock::Reasoning(ReasoningBlock { text, signature: Some(signature), ..ReasoningBlock::default() })
        }),
        (word(), word(), any::<bool>(), word()).prop_map(|(id, name, custom, input)| {
            let input = if custom { input } else { JsonText::of(&format!("{{\"a\":{}}}", input.token().len())) };
            ContentBlock::ToolUse(ToolUseBlock { custom, ..ToolUseBlock::of(Some(id), name, ToolInput::Text(input)) })
        }),
    ]
}

/// Blocks in a row that this wire cannot tell apart are one.
fn merged(blocks: Vec<ContentBlock>) -> Vec<ContentBlock> {
    let mut out: Vec<ContentBlock> = Vec::new();
    for block in blocks {
        match (out.last_mut(), block) {
            (Some(ContentBlock::Text(last)), ContentBlock::Text(next))
            | (Some(ContentBlock::Refusal(last)), ContentBlock::Refusal(next)) => {
                last.text = JsonText::concat([&last.text, &next.text]);
            }
            (_, block) => out.push(block),
        }
    }
    out
}

proptest! {
    #[test]
    fn a_stream_that_is_written_reads_as_it_was(choices in prop::collection::vec(prop::collection::vec(block(), 0..6), 1..3)) {
        let mut answer = ChatAnswer::new(WireFormat::Messages);
        answer.id = Some(t("msg_1"));
        answer.usage = Some(Usage { input: Some(3), output: Some(4), total: Some(7), ..Usage::default() });
        for (index, blocks) in (0..).zip(choices) {
            let calls = blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
            let (kind, word) = if calls { (StopKind::ToolUse, "tool_calls") } else { (StopKind::End, "stop") };
            let stop = Some(ChatStop { kind, word: t(word), sequence: None, details: None });
            answer.choices.push(ChatChoice { index, blocks, stop, ..ChatChoice::default() });
        }
        let (data, losses) = written(EventReplay::of(answer.clone()).collect(), true);
        prop_assert!(losses.is_empty());
        let (mut decoder, mut events) = (ChatWireDecoder::new(), Vec::new());
        for data in data {
            let event = WireEvent { name: None, data: Bytes::from(data), exception: false };
            decoder.take(&event, &mut events).unwrap();
        }
        prop_assert_eq!(decoder.finish(true, &mut events), StreamState::Whole);
        let mut collector = EventCollector::new(WireFormat::Messages);
        events.into_iter().for_each(|event| collector.put(event));
        let mut read = collector.finish().unwrap();
        prop_assert_eq!(read.model.take(), Some(t("ours")));
        prop_assert_eq!(read.created.take(), Some(99));
        read.extra = Default::default();
        for choice in &mut answer.choices {
            choice.blocks = merged(std::mem::take(&mut choice.blocks));
        }
        prop_assert_eq!(read, answer);
    }
}
