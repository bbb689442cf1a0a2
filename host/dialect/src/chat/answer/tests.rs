use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use weir_usage::Usage;

use super::{decode_answer, encode_answer};
use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ChatStop, CitationKind, CitationNote, ContentBlock, DecodeFault,
    FieldLosses, JsonText, OtherBlock, RawJson, ReasoningBlock, SignatureKind, StopKind, TextBlock, ThoughtSignature,
    ToolInput, ToolUseBlock,
};
use crate::chat::{request, stop};
use crate::wire::{Vendor, WireFormat};

fn t(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("ours"), id: 7, now: 99, include_usage: true, request: Bytes::new() }
}

fn encode(answer: &ChatAnswer) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = serde_json::from_slice(&encode_answer(answer, &context(), &mut losses)).unwrap();
    (body, losses.iter().map(str::to_owned).collect())
}

fn ends(kind: StopKind) -> Option<ChatStop> {
    Some(ChatStop { kind, word: t("their_word"), sequence: None, details: None })
}

/// An answer of another wire of one choice.
fn answer(blocks: Vec<ContentBlock>, kind: StopKind) -> ChatAnswer {
    let mut answer = ChatAnswer::new(WireFormat::Messages);
    answer.choices = vec![ChatChoice { blocks, stop: ends(kind), ..ChatChoice::default() }];
    answer
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(t(text)))
}

fn call(id: Option<&str>) -> ContentBlock {
    ContentBlock::ToolUse(ToolUseBlock::of(id.map(t), t("f"), ToolInput::Json(raw(&json!({"a": 1})))))
}

fn thought(text: &str, vendor: Vendor, kind: SignatureKind) -> ContentBlock {
    ContentBlock::Reasoning(ReasoningBlock {
        text: Some(t(text)).into_iter().filter(|text| !text.is_empty()).collect(),
        signature: Some(ThoughtSignature { vendor, kind, value: t("sig") }),
        ..ReasoningBlock::default()
    })
}

#[test]
fn an_answer_has_all_that_clients_types_demand() {
    let (body, losses) = encode(&answer(vec![text("a"), text("b")], StopKind::End));
    assert!(losses.is_empty());
    let id = body["id"].as_str().unwrap();
    assert!(id.starts_with("chatcmpl-") && id.len() == 31, "{id}");
    assert_eq!(
        body,
        json!({"id": id, "object": "chat.completion", "created": 99, "model": "ours", "choices": [{
            "index": 0, "message": {"role": "assistant", "content": "ab", "refusal": null},
            "logprobs": null, "finish_reason": "stop",
        }]})
    );
}

#[test]
fn what_is_said_stands_where_openai_has_a_place_for_it() {
    let mut answer = answer(vec![text("t"), call(Some("1")), call(None)], StopKind::ToolUse);
    (answer.id, answer.created) = (Some(t("msg_1")), Some(5));
    answer.usage = Some(Usage {
        input: Some(10),
        output: Some(4),
        cached_input: Some(6),
        cache_written: Some(1),
        reasoning: Some(2),
        ..Usage::default()
    });
    let (body, _) = encode(&answer);
    assert_eq!((&body["id"], &body["created"]), (&json!("msg_1"), &json!(5)));
    let calls = &body["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0], json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}));
    assert!(calls[1]["id"].as_str().unwrap().starts_with("call_"), "{calls}");
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 2}})
    );
    let (alone, _) = encode(&self::answer(vec![call(Some("1"))], StopKind::ToolUse));
    assert_eq!(alone["choices"][0]["message"]["content"], Value::Null);
}

#[test]
fn thoughts_are_told_with_signatures_that_come_back_whole() {
    let blocks = vec![
        thought("why", Vendor::Anthropic, SignatureKind::Signature),
        thought("", Vendor::Anthropic, SignatureKind::Redacted),
        thought("short", Vendor::OpenAi, SignatureKind::Encrypted),
        text("t"),
    ];
    let (body, _) = encode(&answer(blocks.clone(), StopKind::End));
    let message = &body["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "whyshort");
    assert!(message["reasoning_details"][0]["signature"].as_str().unwrap().starts_with("weir1.anthropic.signature."));
    assert_eq!(message["reasoning_details"][2]["data"], "sig", "what is OpenAI's own needs no wrapping");
    // A client plays it back as it was.
    let played = json!({"model": "m", "messages": [message]});
    let back = request::decode_request(&raw(&played)).unwrap();
    let signatures = |blocks: &[ContentBlock]| {
        let signature = |block: &ContentBlock| match block {
            ContentBlock::Reasoning(block) => block.signature.clone(),
            _ => None,
        };
        blocks.iter().filter_map(signature).collect::<Vec<_>>()
    };
    assert_eq!(signatures(&back.turns[0].blocks), signatures(&blocks));
    let ContentBlock::Reasoning(first) = &back.turns[0].blocks[0] else { panic!() };
    assert_eq!(first.text, [t("why")]);
}

#[test]
fn the_signature_of_a_call_comes_back_too() {
    let mut signed = ToolUseBlock::of(Some(t("1")), t("f"), ToolInput::Json(RawJson::EMPTY_OBJECT));
    let own = |vendor| ThoughtSignature { vendor, kind: SignatureKind::Signature, value: t("sig") };
    for (vendor, is_plain) in [(Vendor::Google, true), (Vendor::Anthropic, false)] {
        signed.signature = Some(own(vendor));
        let (body, _) = encode(&answer(vec![ContentBlock::ToolUse(signed.clone())], StopKind::ToolUse));
        let message = &body["choices"][0]["message"];
        let slot = message["tool_calls"][0]["extra_content"]["google"]["thought_signature"].as_str().unwrap();
        assert_eq!(slot == "sig", is_plain);
        let back = request::decode_request(&raw(&json!({"model": "m", "messages": [message]}))).unwrap();
        let ContentBlock::ToolUse(call) = &back.turns[0].blocks[0] else { panic!() };
        assert_eq!(call.signature, Some(own(vendor)));
    }
}

#[test]
fn citations_are_annotations_of_where_their_text_stands() {
    let note = |url: Option<&str>, start, end| CitationNote {
        kind: CitationKind::Url,
        title: None,
        url: url.map(t),
        quote: None,
        start,
        end,
        wire: WireFormat::Messages,
        raw: raw(&json!({})),
    };
    let cited = |text: &str, notes| ContentBlock::Text(TextBlock { citations: notes, ..TextBlock::of(t(text)) });
    let blocks = vec![
        text("äb"),
        cited("cde", vec![note(Some("https://a"), None, None), note(None, None, None)]),
        cited("fg", vec![note(Some("https://b"), Some(1), Some(2))]),
    ];
    let (body, losses) = encode(&answer(blocks, StopKind::End));
    let cited = |url: &str, start: u64, end: u64| {
        json!({"type": "url_citation", "url_citation":
            {"url": url, "title": "", "start_index": start, "end_index": end}})
    };
    assert_eq!(
        body["choices"][0]["message"]["annotations"],
        json!([cited("https://a", 2, 5), cited("https://b", 6, 7)])
    );
    assert_eq!(losses, ["content.citations"]);
}

#[test]
fn every_reason_to_end_has_openais_word() {
    for (kind, word) in [
        (StopKind::End, "stop"),
        (StopKind::Sequence, "stop"),
        (StopKind::Length, "length"),
        (StopKind::ToolUse, "tool_calls"),
        (StopKind::Refusal, "content_filter"),
        (StopKind::Filtered, "content_filter"),
        (StopKind::Guardrail, "content_filter"),
        (StopKind::Paused, "stop"),
        (StopKind::ContextFull, "length"),
        (StopKind::Malformed, "stop"),
        (StopKind::Other, "stop"),
    ] {
        let (body, losses) = encode(&answer(vec![text("t")], kind));
        assert_eq!(body["choices"][0]["finish_reason"], word, "{kind:?}");
        assert_eq!(losses.is_empty(), kind != StopKind::Other, "{losses:?}");
    }
    let refused = vec![ContentBlock::Refusal(TextBlock::of(t("no")))];
    let (body, _) = encode(&answer(refused, StopKind::Refusal));
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["choices"][0]["message"], json!({"role": "assistant", "content": null, "refusal": "no"}));
    for (word, calls, due) in [
        ("stop", false, StopKind::End),
        ("stop", true, StopKind::ToolUse),
        ("eos", false, StopKind::End),
        ("end_turn", false, StopKind::End),
        ("COMPLETE", false, StopKind::End),
        ("length", true, StopKind::Length),
        ("max_tokens", false, StopKind::Length),
        ("function_call", true, StopKind::ToolUse),
        ("content_filter", false, StopKind::Filtered),
        ("model_length", false, StopKind::ContextFull),
        ("insufficient_system_resource", false, StopKind::Other),
    ] {
        assert_eq!(stop::read(t(word), calls).kind, due, "{word}");
    }
}

#[test]
fn a_question_that_was_blocked_is_one_empty_choice() {
    let mut blocked = ChatAnswer::new(WireFormat::GenerateContent);
    blocked.blocked = Some(t("SAFETY"));
    let (body, _) = encode(&blocked);
    assert_eq!(body["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(body["choices"][0]["message"]["content"], "");
}

#[test]
fn probabilities_in_openais_words_are_carried_and_others_lost() {
    let mut responses = answer(Vec::new(), StopKind::End);
    responses.wire = WireFormat::Responses;
    let probable = |token: &str| {
        let logprobs = Some(raw(&json!([{"token": token, "logprob": -0.1, "bytes": null, "top_logprobs": []}])));
        ContentBlock::Text(TextBlock { logprobs, ..TextBlock::of(t(token)) })
    };
    responses.choices[0].blocks = vec![probable("a"), probable("b")];
    let (body, losses) = encode(&responses);
    let content = body["choices"][0]["logprobs"]["content"].as_array().unwrap().clone();
    assert_eq!(content.iter().map(|token| token["token"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(losses.is_empty());
    let mut gemini = answer(vec![text("t")], StopKind::End);
    let candidate = |token: &str| json!({"token": token, "tokenId": 1, "logProbability": -0.5});
    gemini.choices[0].logprobs = Some(raw(&json!({
        "chosenCandidates": [candidate("a"), candidate("b")], "topCandidates": [{"candidates": [candidate("c")]}]})));
    let (body, losses) = encode(&gemini);
    let token = |token: &str| json!({"token": token, "logprob": -0.5, "bytes": null});
    let content = &body["choices"][0]["logprobs"]["content"];
    assert_eq!(content[0]["top_logprobs"], json!([token("c")]));
    assert_eq!((&content[1]["token"], &content[1]["top_logprobs"]), (&json!("b"), &json!([])));
    assert!(losses.is_empty());
    gemini.choices[0].logprobs = Some(raw(&json!({"their": "words"})));
    assert_eq!(encode(&gemini).1, ["choices.logprobs"]);
}

#[test]
fn what_has_no_place_is_lost_by_its_kind() {
    let other = ContentBlock::Other(OtherBlock { kind: "container_upload".into(), raw: RawJson::EMPTY_OBJECT });
    let mut answer = answer(vec![text("t"), other], StopKind::End);
    answer.extra.push("container", RawJson::of_text(&t("c")));
    assert_eq!(encode(&answer).1, ["container", "content.container_upload"]);
}

#[test]
fn several_choices_are_all_told_and_their_calls_told_apart() {
    let mut both = answer(vec![call(None)], StopKind::ToolUse);
    both.choices.push(ChatChoice { index: 1, ..both.choices[0].clone() });
    let (body, _) = encode(&both);
    let id = |at: usize| body["choices"][at]["message"]["tool_calls"][0]["id"].clone();
    assert_ne!(id(0), id(1));
    assert_eq!(body["choices"][1]["index"], 1);
}

#[test]
fn what_is_no_answer_is_told_by_its_field() {
    let fault = |body: Value| decode_answer(&raw(&body)).unwrap_err();
    assert!(matches!(fault(json!([])), DecodeFault::Field { field: "body", .. }));
    assert!(matches!(fault(json!({"error": {}})), DecodeFault::Field { field: "choices", .. }));
    let many = vec![json!({}); 129];
    assert!(matches!(fault(json!({"choices": many})), DecodeFault::TooMany { what: "choices", most: 128 }));
}

#[test]
fn what_was_used_is_read_whatever_the_provider_calls_it() {
    let used = |usage: Value| decode_answer(&raw(&json!({"choices": [], "usage": usage}))).unwrap().usage;
    let due = |input, output, cached, written, reasoning| {
        Some(Usage {
            input,
            output,
            cached_input: cached,
            cache_written: written,
            reasoning,
            total: None,
            ..Usage::default()
        })
    };
    for (usage, is) in [
        (json!({"prompt_tokens": 1, "completion_tokens": 2}), due(Some(1), Some(2), None, None, None)),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4}),
            due(Some(9), Some(2), Some(4), None, None),
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 2, "num_cached_tokens": 4, "reasoning_tokens": 1}),
            due(Some(9), Some(2), Some(4), None, Some(1)),
        ),
        (
            json!({"prompt_tokens": 9, "completion_tokens": 2, "cache_creation_input_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 5}}),
            due(Some(9), Some(2), Some(5), Some(3), None),
        ),
        // Grok at Azure.
        (
            json!({"prompt_tokens": 293, "completion_tokens": 58, "prompt_tokens_details": {"cached_tokens": 387}}),
            due(Some(293), Some(58), None, None, None),
        ),
        // xAI: written without what was thought (quirks 23, 27).
        (
            json!({"prompt_tokens": 9, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 30}}),
            due(Some(9), Some(32), None, None, Some(30)),
        ),
        (json!({"cost": 1}), None),
        (json!({"prompt_tokens": -1}), None),
    ] {
        assert_eq!(used(usage.clone()), is, "{usage}");
    }
    let summed = used(json!({"prompt_tokens": 291, "completion_tokens": 26, "total_tokens": 340,
        "completion_tokens_details": {"reasoning_tokens": 23}}));
    assert_eq!(summed.unwrap().output, Some(49));
}

/// Members of any kind that this wire knows.
fn members() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..5).prop_map(Value::from),
        prop::sample::select(vec!["", "x", "stop", "text", "thinking", "function"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let name = prop::sample::select("message content role refusal tool_calls function_call reasoning reasoning_content reasoning_details annotations finish_reason logprobs type text name arguments function id thinking delta signature x".split(' ').collect::<Vec<_>>());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_goes_out_as_it_came(
        choices in prop::collection::vec(members().prop_filter("an object", Value::is_object), 0..3),
        top in members().prop_filter("an object", Value::is_object),
        usage in members(),
    ) {
        let choices: Vec<Value> = choices.into_iter().enumerate().map(|(index, mut choice)| {
            choice["index"] = index.into();
            if !choice.get("message").is_some_and(Value::is_object) {
                choice["message"] = json!({});
            }
            let odd = |content: &Value| content.is_boolean() || content.is_number();
            if choice["message"].get("content").is_some_and(odd) || choice["message"].get("content").is_some_and(Value::is_object) {
                choice["message"]["content"] = Value::Null;
            }
            choice
        }).collect();
        let mut body = top;
        body["choices"] = choices.into();
        body["usage"] = usage;
        let answer = decode_answer(&raw(&body)).unwrap();
        let (is, losses) = encode(&answer);
        prop_assert!(losses.is_empty());
        prop_assert_eq!(is, body);
    }
}
