//! The rows of the mapping tables that concern whole answers.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::{decode_answer, encode_answer};
use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ChatStop, CitationKind, CitationNote, ContentBlock, FieldLosses, JsonText,
    RawJson, RawMembers, ReasoningBlock, ServerToolBlock, ServerToolKind, SignatureKind, StopKind, TextBlock,
    ThoughtSignature, ToolInput, ToolUseBlock,
};
use crate::wire::{Vendor, WireFormat};

fn words(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("asked"), id: 1, now: 0, include_usage: true, request: Bytes::new() }
}

fn stop(kind: StopKind) -> ChatStop {
    ChatStop { kind, word: words("stop"), sequence: None, details: None }
}

/// An answer of OpenAI's chat that says this.
fn answer(blocks: Vec<ContentBlock>) -> ChatAnswer {
    let mut answer = ChatAnswer::new(WireFormat::Chat);
    answer.choices.push(ChatChoice { blocks, stop: Some(stop(StopKind::End)), ..ChatChoice::default() });
    answer
}

/// An answer as a client of this wire gets it, and what is lost. Anthropic's specification allows it.
fn given(answer: &ChatAnswer) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body: Value = serde_json::from_slice(&encode_answer(answer, &context(), &mut losses)).unwrap();
    if let Some(spec) = weir_recorded::Spec::anthropic() {
        spec.answer("/v1/messages", &body).unwrap_or_else(|faults| panic!("{body}: {faults:?}"));
    }
    (body, losses.iter().map(str::to_owned).collect())
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(words(text)))
}

#[test]
fn an_answer_of_another_wire_has_all_that_clients_demand_and_the_name_they_asked_for() {
    let mut one = answer(vec![text("hi"), text("")]);
    (one.model, one.service_tier) = (Some(words("gpt-5")), Some(words("default")));
    let due = json!({
        "id": "msg_0000000000000000000001", "type": "message", "role": "assistant", "model": "asked",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 0, "output_tokens": 0, "service_tier": "standard"}
    });
    assert_eq!(given(&one), (due, vec![]));
    one.id = Some(words("chatcmpl-1"));
    one.usage =
        Some(Usage { input: Some(10), output: Some(5), cached_input: Some(4), reasoning: Some(2), ..Usage::default() });
    let body = given(&one).0;
    assert_eq!(body["id"], "chatcmpl-1");
    let due = json!({"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}, "service_tier": "standard"});
    assert_eq!(body["usage"], due);
}

#[test]
fn calls_have_identifiers_objects_and_the_reason_that_says_so() {
    let call = |id: Option<&str>, input: &str| {
        ContentBlock::ToolUse(ToolUseBlock::of(id.map(words), words("f"), ToolInput::Text(words(input))))
    };
    let (body, lost) = given(&answer(vec![call(Some("functions.f:0"), r#"{"a":1}"#), call(None, "")]));
    assert_eq!(body["stop_reason"], "tool_use");
    assert_eq!((&body["content"][0]["input"], &body["content"][1]["input"]), (&json!({"a": 1}), &json!({})));
    assert_eq!(body["content"][0]["id"].as_str().unwrap().len(), 22);
    assert!(body["content"][1]["id"].as_str().unwrap().starts_with("call_"));
    assert!(lost.is_empty());
    assert_eq!(given(&answer(vec![call(Some("a"), "[")])).1, ["messages.content.tool_use.input"]);
}

#[test]
fn a_refusal_is_text_and_a_reason_and_a_question_that_was_blocked_has_no_words() {
    let (body, _) = given(&answer(vec![ContentBlock::Refusal(TextBlock::of(words("no")))]));
    assert_eq!((&body["content"][0]["text"], &body["stop_reason"]), (&json!("no"), &json!("refusal")));
    let mut blocked = ChatAnswer::new(WireFormat::GenerateContent);
    blocked.blocked = Some(words("SAFETY"));
    let (body, _) = given(&blocked);
    assert_eq!((&body["content"], &body["stop_reason"]), (&json!([]), &json!("refusal")));
}

#[test]
fn the_words_at_which_it_stopped_are_told_where_they_are_known() {
    let mut one = answer(vec![text("x")]);
    one.choices[0].stop = Some(ChatStop { sequence: Some(words("###")), ..stop(StopKind::Sequence) });
    let body = given(&one).0;
    assert_eq!((&body["stop_reason"], &body["stop_sequence"]), (&json!("stop_sequence"), &json!("###")));
}

#[test]
fn thoughts_of_all_vendors_are_kept_by_the_client() {
    let of = |vendor, kind| Some(ThoughtSignature { vendor, kind, value: words("s") });
    let thought = |text: &[&str], summary: &[&str], signature| {
        ContentBlock::Reasoning(ReasoningBlock {
            text: text.iter().map(|text| words(text)).collect(),
            summary: summary.iter().map(|text| words(text)).collect(),
            signature,
            ..ReasoningBlock::default()
        })
    };
    let signed = ContentBlock::ToolUse(ToolUseBlock {
        signature: of(Vendor::Google, SignatureKind::Signature),
        ..ToolUseBlock::of(Some(words("a")), words("f"), ToolInput::Json(RawJson::EMPTY_OBJECT))
    });
    let (body, lost) = given(&answer(vec![
        thought(&["a", "b"], &["c"], None),
        thought(&[], &["c", "d"], of(Vendor::OpenAi, SignatureKind::Encrypted)),
        thought(&[], &[], of(Vendor::OpenAi, SignatureKind::Encrypted)),
        thought(&[], &[], of(Vendor::Anthropic, SignatureKind::Signature)),
        thought(&[], &[], None),
        signed,
    ]));
    assert!(lost.is_empty());
    let content = body["content"].as_array().unwrap();
    assert_eq!(content[0], json!({"type": "thinking", "thinking": "ab", "signature": ""}));
    assert_eq!(content[1], json!({"type": "thinking", "thinking": "c\n\nd", "signature": "weir1.openai.encrypted.cw"}));
    assert_eq!(content[2], json!({"type": "redacted_thinking", "data": "weir1.openai.encrypted.cw"}));
    assert_eq!(content[3], json!({"type": "thinking", "thinking": "", "signature": "s"}));
    assert_eq!(content[4], json!({"type": "redacted_thinking", "data": "weir1.google.signature.cw"}));
    assert_eq!((&content[5]["type"], content.len()), (&json!("tool_use"), 6));
}

#[test]
fn citations_of_pages_are_carried_and_others_are_lost() {
    let note = |kind| CitationNote {
        kind,
        title: None,
        url: Some(words("https://a")),
        quote: None,
        start: Some(1),
        end: Some(2),
        wire: WireFormat::Chat,
        raw: RawJson::EMPTY_OBJECT,
    };
    let cited = |kind| ContentBlock::Text(TextBlock { citations: vec![note(kind)], ..TextBlock::of(words("x")) });
    let (body, lost) = given(&answer(vec![cited(CitationKind::Url), cited(CitationKind::File)]));
    let due = json!([{"type": "web_search_result_location", "url": "https://a", "title": null, "cited_text": "", "encrypted_index": ""}]);
    assert_eq!((&body["content"][0]["citations"], body["content"][1].get("citations")), (&due, None));
    assert_eq!(lost, ["citations"]);
}

#[test]
fn what_a_client_of_this_wire_cannot_see_is_lost_by_its_name() {
    let tool = ServerToolBlock { kind: ServerToolKind::Call, name: None, id: None, raw: RawJson::EMPTY_OBJECT };
    let mut one = answer(vec![ContentBlock::ServerTool(tool)]);
    one.choices[0].logprobs = Some(raw("{}"));
    one.choices[0].stop = Some(ChatStop { word: words("eaten"), details: Some(raw("{}")), ..stop(StopKind::Other) });
    one.choices.push(ChatChoice::default());
    (one.extra, one.service_tier) = (raw(r#"{"system_fingerprint":"x"}"#).members(), Some(words("flex")));
    let due = [
        "content.server_tool",
        "stop_reason.eaten",
        "service_tier",
        "choices",
        "logprobs",
        "stop_details",
        "system_fingerprint",
    ];
    assert_eq!(given(&one).1, due);
}

#[test]
fn an_answer_is_known_by_what_it_means() {
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "container": {"id": "c"},
        "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "text", "text": "x", "citations": [{"type": "web_search_result_location", "url": "u", "title": "n", "cited_text": "q"}]},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"b": 1}}
        ],
        "stop_reason": "stop_sequence", "stop_sequence": "###", "stop_details": null,
        "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3, "service_tier": "standard", "inference_geo": "eu"}
    });
    let answer = decode_answer(&raw(&body.to_string())).unwrap();
    let usage = answer.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input), (Some(3), Some(3), Some(2)));
    assert_eq!((answer.service_tier.clone(), answer.usage_extra.len()), (Some(words("standard")), 1));
    let choice = &answer.choices[0];
    let stopped = choice.stop.as_ref().unwrap();
    assert_eq!((stopped.kind, stopped.sequence.clone()), (StopKind::Sequence, Some(words("###"))));
    let ContentBlock::Text(text) = &choice.blocks[1] else { panic!() };
    let note = &text.citations[0];
    assert_eq!(
        (note.kind, note.url.clone(), note.quote.clone()),
        (CitationKind::Url, Some(words("u")), Some(words("q")))
    );
    let mut lost = FieldLosses::default();
    lost.lose_extras("", &answer.extra);
    assert_eq!(lost.iter().collect::<Vec<_>>(), ["container"]);
    assert!(decode_answer(&raw(r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#)).is_err());
    assert_eq!(RawMembers::default(), choice.extra);
}

fn block() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(|text| json!({"type": "text", "text": text, "citations": null})),
        Just(
            json!({"type": "tool_use", "id": "a.b", "name": "n", "input": {"k": 1.0}, "caller": {"type": "code_execution_20250825", "tool_id": "s"}})
        ),
        Just(json!({"type": "server_tool_use", "id": "s", "name": "n", "input": {}})),
        Just(json!({"type": "redacted_thinking", "data": "d"})),
        Just(json!({"type": "novel"})),
    ]
}

proptest! {
    #[test]
    fn an_answer_is_written_as_it_was(
        content in prop::collection::vec(block(), 0..4),
        ends in prop::sample::select(vec![
            json!({"stop_reason": null, "stop_sequence": null}),
            json!({"stop_reason": "novel", "stop_details": {"type": "refusal"}, "context_management": {"applied_edits": []}}),
            json!({"stop_reason": "refusal", "stop_sequence": "x", "id": "msg_1", "model": "m", "usage": null}),
        ]),
        usage in prop::sample::select(vec![
            json!({"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 0, "cache_creation_input_tokens": null}),
            json!({"output_tokens": 2, "output_tokens_details": {"thinking_tokens": 1, "x": 1}, "service_tier": null}),
            json!({"input_tokens": -1, "output_tokens": "x", "server_tool_use": {"web_search_requests": 1}}),
        ]),
    ) {
        let mut body = json!({"type": "message", "role": "assistant", "model": "m", "usage": usage, "content": content});
        body.as_object_mut().unwrap().extend(ends.as_object().unwrap().clone());
        let answer = decode_answer(&raw(&body.to_string())).unwrap();
        let written: Value = serde_json::from_slice(&encode_answer(&answer, &context(), &mut FieldLosses::default())).unwrap();
        prop_assert_eq!(written, body);
    }
}
