//! The mapping tables of whole answers, in both directions; what stays within this wire is tried on recordings too.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::{decode_answer, encode_answer};
use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ChatStop, CitationKind, CitationNote, ContentBlock, DecodeFault,
    FieldLosses, JsonText, RawJson, ReasoningBlock, ServerToolBlock, ServerToolKind, SignatureKind, StopKind,
    TextBlock, ThoughtSignature, ToolInput, ToolUseBlock,
};
use crate::wire::{Vendor, WireFormat};

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn written(answer: &ChatAnswer, request: &Value) -> (Value, Vec<String>) {
    let request = Bytes::from(request.to_string());
    let context = AnswerContext { model: "asked".into(), id: 7, now: 1_700_000_100, include_usage: true, request };
    let mut losses = FieldLosses::default();
    let body = encode_answer(answer, &context, &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

fn foreign(wire: WireFormat, blocks: Vec<ContentBlock>, kind: StopKind) -> ChatAnswer {
    let stop = ChatStop { kind, word: JsonText::of("x"), sequence: None, details: None };
    let choice = ChatChoice { blocks, stop: Some(stop), ..ChatChoice::default() };
    ChatAnswer { id: Some(JsonText::of("msg_1")), choices: vec![choice], ..ChatAnswer::new(wire) }
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(JsonText::of(text)))
}

fn answer(output: Value) -> Value {
    json!({"id": "resp_1", "object": "response", "created_at": 5, "status": "completed", "model": "m", "output": output,
        "error": null, "incomplete_details": null, "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}}})
}

#[test]
fn an_answer_is_read_with_its_usage_and_its_end() {
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}]},
        {"type": "output_text", "text": "b", "annotations": [], "logprobs": [{"token": "b", "logprob": -1}]}]});
    // Quirks 128, 129, 149, 150: thoughts in full, and none at all.
    let thought = json!({"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]});
    let empty = json!({"id": "rs_2", "type": "reasoning", "summary": [], "content": []});
    let read = decode_answer(&raw(&answer(json!([thought, empty, message])))).unwrap();
    let due = Usage {
        input: Some(9),
        output: Some(3),
        total: Some(12),
        cached_input: Some(4),
        reasoning: Some(1),
        cache_written: Some(2),
        ..Usage::default()
    };
    assert_eq!((read.usage, read.created), (Some(due), Some(5)));
    let blocks = &read.choices[0].blocks;
    let ContentBlock::Reasoning(thought) = &blocks[0] else { panic!() };
    assert_eq!((&thought.text[..], thought.summary.len()), (&[JsonText::of("hm")][..], 0));
    assert!(matches!(&blocks[1], ContentBlock::Reasoning(empty) if empty.text.is_empty() && empty.signature.is_none()));
    let ContentBlock::Text(cited) = &blocks[2] else { panic!() };
    assert_eq!((cited.citations[0].kind, cited.citations[0].end), (CitationKind::Url, Some(1)));
    assert!(matches!(&blocks[3], ContentBlock::Text(text) if text.logprobs.is_some()));
    assert_eq!(read.choices[0].stop.as_ref().unwrap().kind, StopKind::End);
}

#[test]
fn the_end_is_the_status_and_what_was_said() {
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    // Quirks 130, 131.
    let refusal = json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]});
    let stop = |status: &str, details: Value, output: Value| {
        let mut body = answer(output);
        (body["status"], body["incomplete_details"]) = (json!(status), details);
        let stop = decode_answer(&raw(&body)).unwrap().choices.remove(0).stop.unwrap();
        (stop.kind, stop.word.text().into_owned())
    };
    assert_eq!(stop("completed", Value::Null, json!([call])), (StopKind::ToolUse, "completed".into()));
    assert_eq!(stop("completed", Value::Null, json!([refusal])), (StopKind::Refusal, "completed".into()));
    // Quirk 152.
    let details = |reason: &str| json!({"reason": reason});
    assert_eq!(stop("incomplete", details("max_output_tokens"), json!([call])).0, StopKind::Length);
    assert_eq!(stop("incomplete", details("content_filter"), json!([])).0, StopKind::Filtered);
    assert_eq!(stop("incomplete", details("steered"), json!([])), (StopKind::Other, "steered".into()));
    assert_eq!(stop("failed", Value::Null, json!([])), (StopKind::Other, "failed".into()));
}

#[test]
fn what_has_no_output_is_no_answer() {
    // Quirk 151: a chat completion.
    for body in [json!({"object": "chat.completion", "choices": []}), json!({"output": null}), json!("x")] {
        assert!(matches!(decode_answer(&raw(&body)), Err(DecodeFault::Field { .. })));
    }
}

#[test]
fn an_answer_of_another_wire_has_all_members_that_libraries_demand() {
    let request = json!({"model": "asked", "input": "hi", "temperature": 0.5, "instructions": "i", "metadata": {"k": "v"},
        "tools": [{"type": "function", "name": "f", "strict": true}, {"type": "web_search"}], "tool_choice": "required",
        "text": {"format": {"type": "json_object"}}, "reasoning": {"effort": "low"}, "user": "u", "max_output_tokens": 50});
    let mut answer = foreign(WireFormat::Messages, vec![text("a"), text("b")], StopKind::End);
    answer.usage = Some(Usage { input: Some(10), output: Some(2), cached_input: Some(3), ..Usage::default() });
    let (body, losses) = written(&answer, &request);
    assert!(losses.is_empty());
    let id = body["output"][0]["id"].clone();
    assert!(id.as_str().unwrap().starts_with("msg_"));
    assert_eq!(
        body,
        json!({
            "id": "resp_msg_1", "object": "response", "created_at": 1_700_000_100, "status": "completed",
            "completed_at": 1_700_000_100, "error": null, "incomplete_details": null, "model": "asked",
            "output": [{"type": "message", "id": id, "status": "completed", "role": "assistant", "content": [
                {"type": "output_text", "text": "a", "annotations": [], "logprobs": []},
                {"type": "output_text", "text": "b", "annotations": [], "logprobs": []}]}],
            "service_tier": "default", "background": false, "instructions": "i", "max_output_tokens": 50,
            "max_tool_calls": null, "metadata": {"k": "v"}, "parallel_tool_calls": true, "previous_response_id": null,
            "prompt_cache_key": null, "safety_identifier": null, "store": false, "temperature": 0.5,
            "tool_choice": "required", "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
            "reasoning": {"effort": "low", "summary": null},
            "text": {"format": {"type": "json_object"}, "verbosity": "medium"},
            "tools": [{"type": "function", "name": "f", "strict": true, "parameters": null}, {"type": "web_search"}],
            "user": "u",
            "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
                "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 12}
        })
    );
    // Whatever the request is.
    let (body, _) = written(&foreign(WireFormat::Chat, vec![], StopKind::End), &json!("x"));
    assert_eq!((&body["tools"], body.get("usage"), &body["temperature"]), (&json!([]), None, &json!(1.0)));
}

#[test]
fn calls_thoughts_and_refusals_are_items_and_what_is_signed_comes_back() {
    let signature = |vendor, kind| Some(ThoughtSignature { vendor, kind, value: JsonText::of("sig") });
    let thought = ReasoningBlock {
        text: vec![JsonText::of("hm")],
        signature: signature(Vendor::Anthropic, SignatureKind::Signature),
        ..ReasoningBlock::default()
    };
    let input = ToolInput::Json(raw(&json!({"a": 1})));
    let call = ToolUseBlock {
        signature: signature(Vendor::Google, SignatureKind::Signature),
        ..ToolUseBlock::of(None, JsonText::of("f"), input)
    };
    let refusal = ContentBlock::Refusal(TextBlock::of(JsonText::of("no")));
    let blocks = vec![ContentBlock::Reasoning(thought), refusal, ContentBlock::ToolUse(call)];
    let (body, losses) = written(&foreign(WireFormat::Messages, blocks, StopKind::ToolUse), &json!({}));
    let kinds: Vec<_> = body["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "reasoning", "function_call"]);
    assert_eq!(body["output"][3]["arguments"], "{\"a\":1}");
    assert!(body["output"][3]["call_id"].as_str().unwrap().starts_with("call_"));
    assert!(losses.is_empty());
    // A client gives the items back as they are.
    let read = decode_answer(&raw(&body)).unwrap();
    let signatures = read.choices[0].blocks.iter().filter_map(|block| match block {
        ContentBlock::Reasoning(thought) => thought.signature.clone().map(|signature| (signature, thought.signs_next)),
        _ => None,
    });
    let due = [(Vendor::Anthropic, false), (Vendor::Google, true)];
    let due = due.map(|(vendor, next)| (signature(vendor, SignatureKind::Signature).unwrap(), next));
    assert_eq!(signatures.collect::<Vec<_>>(), due);
}

#[test]
fn probabilities_of_a_choice_are_those_of_its_text() {
    let mut answer = foreign(WireFormat::Chat, vec![text("a")], StopKind::End);
    answer.choices[0].logprobs = Some(raw(&json!({"content": [{"token": "a"}], "refusal": null})));
    let (body, losses) = written(&answer, &json!({}));
    assert_eq!((&body["output"][0]["content"][0]["logprobs"], losses), (&json!([{"token": "a"}]), vec![]));
    answer.choices[0].logprobs = Some(raw(&json!({"topCandidates": []})));
    let (body, losses) = written(&answer, &json!({}));
    assert_eq!(body["output"][0]["content"][0]["logprobs"], json!([]));
    assert_eq!(losses, ["messages.content.logprobs"]);
}

#[test]
fn every_end_has_a_status() {
    let ends = [
        (StopKind::End, None),
        (StopKind::Sequence, None),
        (StopKind::Length, Some("max_output_tokens")),
        (StopKind::ContextFull, Some("max_output_tokens")),
        (StopKind::ToolUse, None),
        (StopKind::Refusal, None),
        (StopKind::Filtered, Some("content_filter")),
        (StopKind::Guardrail, Some("content_filter")),
        (StopKind::Paused, None),
        (StopKind::Malformed, None),
        (StopKind::Other, None),
    ];
    for (kind, reason) in ends {
        let (body, _) = written(&foreign(WireFormat::Messages, vec![text("a")], kind), &json!({}));
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        assert_eq!((body["status"].as_str(), body["output"][0]["status"].as_str()), (Some(status), Some(status)));
        assert_eq!(body["incomplete_details"]["reason"].as_str(), reason);
        assert_eq!(body["completed_at"].is_null(), reason.is_some());
    }
    let blocked = ChatAnswer { blocked: Some(JsonText::of("SAFETY")), ..ChatAnswer::new(WireFormat::GenerateContent) };
    let (body, _) = written(&blocked, &json!({}));
    assert_eq!((&body["incomplete_details"]["reason"], &body["output"]), (&json!("content_filter"), &json!([])));
}

#[test]
fn citations_of_pages_are_annotations_and_what_is_nothing_here_is_named() {
    let note = |url: Option<&str>| CitationNote {
        kind: CitationKind::Url,
        title: None,
        url: url.map(JsonText::of),
        quote: None,
        start: None,
        end: None,
        wire: WireFormat::Messages,
        raw: RawJson::NULL,
    };
    let cited =
        TextBlock { citations: vec![note(Some("https://a")), note(None)], ..TextBlock::of(JsonText::of("aé")) };
    let server = ServerToolBlock {
        kind: ServerToolKind::Call,
        name: Some(JsonText::of("web_search")),
        id: None,
        raw: RawJson::NULL,
    };
    let mut answer =
        foreign(WireFormat::Messages, vec![ContentBlock::ServerTool(server), ContentBlock::Text(cited)], StopKind::End);
    answer.choices.push(ChatChoice::default());
    answer.extra.push("container", raw(&json!({"id": "c"})));
    let (body, losses) = written(&answer, &json!({}));
    let annotation =
        json!({"type": "url_citation", "start_index": 0, "end_index": 2, "url": "https://a", "title": "https://a"});
    assert_eq!(body["output"][0]["content"][0]["annotations"], json!([annotation]));
    assert_eq!(losses, ["choices", "content.web_search", "messages.content.citations", "container"]);
}

fn part() -> impl Strategy<Value = Value> {
    let texts = (prop::sample::select(vec!["output_text", "refusal", "else"]), ".{0,4}", 0..4_u8);
    texts.prop_map(|(kind, text, more)| {
        let mut part = json!({"type": kind, "text": text, "refusal": text});
        match more {
            0 => part["annotations"] = json!([]),
            1 => part["annotations"] = json!([{"type": "file_citation", "file_id": "f"}, 1]),
            2 => part["logprobs"] = json!([{"token": "t"}]),
            _ => part["item"] = json!({"id": 1}),
        }
        part
    })
}

fn item() -> impl Strategy<Value = Value> {
    let types = vec!["message", "message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "else"];
    (prop::sample::select(types), prop::collection::vec(part(), 0..3), 0..6_u8).prop_map(|(kind, parts, more)| {
        let mut item = json!({"type": kind, "id": "i"});
        match more {
            0 => item["content"] = Value::Null,
            1 => item["phase"] = json!("final"),
            2 => item["arguments"] = json!("{}"),
            3 => (item["name"], item["input"]) = (json!("n"), json!("free")),
            4 => item["summary"] = json!([{"type": "summary_text", "text": "s"}]),
            _ => (item["encrypted_content"], item["status"]) = (json!("e"), json!("completed")),
        }
        if more != 0 {
            item["content"] = parts.into();
        }
        item
    })
}

proptest! {
    #[test]
    fn whatever_an_answer_says_it_is_written_as_it_was_read(items in prop::collection::vec(item(), 0..5), more in 0..4_u8) {
        let mut body = answer(items.into());
        match more {
            0 => body["usage"] = Value::Null,
            1 => body["usage"] = json!({"input_tokens": -1, "else": {}}),
            2 => body["created_at"] = json!(5.5),
            _ => body["else"] = json!([1]),
        }
        let (again, losses) = written(&decode_answer(&raw(&body)).unwrap(), &json!({}));
        prop_assert_eq!(again, body);
        prop_assert!(losses.is_empty(), "{:?}", losses);
    }
}

#[test]
fn items_that_run_at_the_provider_are_none_of_the_clients_calls() {
    // Quirks 139 to 147, and whatever OpenAI names so next.
    let kinds = [
        ("file_search_call", ServerToolKind::Call),
        ("mcp_call", ServerToolKind::Call),
        ("mcp_list_tools", ServerToolKind::Result),
        ("mcp_approval_request", ServerToolKind::Call),
        ("shell_call", ServerToolKind::Call),
        ("shell_call_output", ServerToolKind::Result),
        ("tool_search_call", ServerToolKind::Call),
        ("tool_search_output", ServerToolKind::Result),
        ("web_search_call", ServerToolKind::Call),
        ("x_search_call", ServerToolKind::Call),
        ("dance_call", ServerToolKind::Call),
    ];
    for (kind, tells) in kinds {
        let item = json!({"type": kind, "id": "i", "name": "n", "arguments": "{}", "status": "completed"});
        let read = decode_answer(&raw(&answer(json!([item])))).unwrap();
        let ContentBlock::ServerTool(tool) = &read.choices[0].blocks[0] else { panic!("{kind}") };
        assert_eq!((tool.kind, &tool.raw), (tells, &raw(&item)));
        assert_eq!(read.choices[0].stop.as_ref().unwrap().kind, StopKind::End, "the client has nothing to do");
    }
}

#[test]
fn a_message_that_says_more_than_usual_is_missed_elsewhere() {
    // Quirk 148.
    let message = |more: &str| {
        json!({"type": "message", "id": "m", "role": "assistant", "status": "completed", more: "final_answer",
            "content": [{"type": "output_text", "text": "a"}]})
    };
    let lost = |more: &str| {
        let read = decode_answer(&raw(&answer(json!([message(more)])))).unwrap();
        let ContentBlock::Text(text) = &read.choices[0].blocks[0] else { panic!() };
        let mut losses = FieldLosses::default();
        losses.lose_extras("content", &text.extra);
        losses.lose_extras("", &read.extra);
        losses.iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lost("phase"), ["content.item"]);
    assert_eq!(lost("status"), Vec::<String>::new());
}
