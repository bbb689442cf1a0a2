//! What came in this wire goes out as it was.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decode_request, encode_request};
use crate::canon::{
    AnswerFormat, ChatRequest, ChatToolKind, ContentBlock, DecodeFault, FieldLosses, MediaSource, RawJson,
    ReasoningMode, TargetQuirks, TargetRules, ToolInput, ToolPick, TurnRole,
};
use crate::wire::Vendor;

fn decode(body: &Value) -> ChatRequest {
    try_decode(body).unwrap()
}

fn try_decode(body: &Value) -> Result<ChatRequest, DecodeFault> {
    decode_request(&RawJson::parse(Bytes::from(body.to_string())).unwrap())
}

fn again(request: &ChatRequest) -> Value {
    let rules = TargetRules {
        model: request.model.as_ref().into(),
        max_output: Some(1),
        vendor: Vendor::Other,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    };
    let mut losses = FieldLosses::default();
    let written = encode_request(request, &rules, &mut losses);
    assert!(losses.is_empty(), "{losses:?}");
    serde_json::from_slice(&written).unwrap()
}

fn with(members: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

#[test]
fn every_way_to_say_it_is_read_and_goes_out_as_it_came() {
    for members in [
        json!({"stream": false, "stream_options": null}),
        json!({"stream": true, "stream_options": {"include_usage": false, "include_obfuscation": false}}),
        json!({"stream": true, "stream_options": {}}),
        json!({"stream_options": {"include_usage": true}}),
        json!({"max_tokens": 5}),
        json!({"max_tokens": 5, "max_completion_tokens": 5}),
        json!({"max_tokens": null, "max_completion_tokens": 6}),
        json!({"max_completion_tokens": null}),
        json!({"stop": "a"}),
        json!({"stop": ["a"]}),
        json!({"stop": []}),
        json!({"stop": ["a", 1]}),
        json!({"functions": [{"name": "f", "parameters": {}, "x": 1}], "function_call": {"name": "f"}}),
        json!({"functions": null, "tools": [{"type": "function", "function": {"name": "f", "x": 1}, "y": 2}]}),
        json!({"tools": [{"function": {"name": "f", "strict": null}}], "tool_choice": {"function": {"name": "f"}}}),
        json!({"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}}]}),
        json!({"tools": [{"type": "web_search"}, 7, {"type": "function"}], "tool_choice": {"type": "web_search"}}),
        json!({"tools": [{"type": "function", "function": {"name": "f"}, "cache_control": {"type": "ephemeral"}}]}),
        json!({"tools": [], "tool_choice": null, "function_call": "auto"}),
        json!({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}}),
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "x": 1}}}),
        json!({"response_format": {"type": "grammar", "grammar": "g"}}),
        json!({"reasoning": {"effort": "low", "exclude": true}, "reasoning_effort": "high"}),
        json!({"thinking": {"type": "enabled", "clear_thinking": false}, "enable_thinking": false}),
        json!({"safety_identifier": "s"}),
        json!({"safety_identifier": "s", "user": "u"}),
        json!({"user": null, "metadata": {"a": "b"}, "store": false, "service_tier": "flex", "n": 1, "seed": 2.50}),
        json!({"top_k": 3, "min_p": 0.1, "web_search_options": {}, "provider": {"order": ["a"]}, "logit_bias": {"1": 2}}),
    ] {
        let body = with(members);
        assert_eq!(again(&decode(&body)), body);
    }
}

#[test]
fn every_message_is_read_and_goes_out_as_it_came() {
    for message in [
        json!({"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]}),
        json!({"role": "developer", "content": "d", "name": "n"}),
        json!({"role": "user", "content": ["odd", {"type": "text"}, {"type": "text", "text": "t", "x": 1}, {}]}),
        json!({"role": "user", "content": {"type": "text", "text": "t"}}),
        json!({"role": "user", "content": []}),
        json!({"role": "user", "content": [
            {"type": "text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}, "image_url": null},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO", "detail": "low", "x": 1}},
            {"type": "image_url", "image_url": {"url": "data:image/png;charset=x;base64,iVBO"}},
            {"type": "image_url", "image_url": "https://a/b.png"},
            {"type": "image_url", "image_url": {"url": "data:;base64,iVBO"}},
            {"type": "video_url", "video_url": {"url": "https://a/b.mp4"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": "https://a/b.pdf", "filename": "b.pdf"}},
        ]}),
        json!({"role": "assistant"}),
        json!({"role": "assistant", "content": null, "tool_calls": null, "refusal": null}),
        json!({"role": "assistant", "content": "", "refusal": "no", "audio": {"id": "a"}}),
        json!({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}, {"type": "text", "text": "t"}]}),
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}, "index": 0},
            {"id": "2", "type": "custom", "custom": {"name": "c", "input": "x"}},
            {"id": "3", "function": {"name": "g", "arguments": {"a": 1}, "x": 1}},
            {"type": "function", "function": {"name": "h", "arguments": ""}},
            {"id": "", "type": "function", "function": {"name": "i", "arguments": null}},
            {"id": "4", "type": "function", "function": {"name": "j"}},
            {"id": "5", "type": "function", "function": {"name": "k", "arguments": "{}"},
             "extra_content": {"google": {"thought_signature": "sig", "x": 1}}},
        ]}),
        json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}", "x": 1}}),
        json!({"role": "function", "name": "f", "content": "r"}),
        json!({"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "r"}], "name": "f", "x": 1}),
        json!({"role": "tool", "content": null}),
        json!({"role": "assistant", "content": "t", "reasoning_content": "why", "prefix": true}),
        json!({"role": "assistant", "content": "t", "reasoning": "why", "reasoning_content": ""}),
        json!({"role": "assistant", "content": "t", "reasoning": "why", "reasoning_details": [
            {"type": "reasoning.summary", "summary": "why", "index": 0},
            {"type": "reasoning.encrypted", "data": "AAAA", "format": "openai-responses-v1", "index": 1},
        ]}),
        json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "why"}, {"type": "x"}], "closed": true},
            {"type": "text", "text": "t"},
        ]}),
        json!({"role": "assistant", "content": "t", "annotations": [
            {"type": "url_citation", "url_citation": {"url": "https://a", "title": "t", "start_index": 0, "end_index": 1}},
        ]}),
        json!({"role": "assistant", "content": "t", "annotations": []}),
    ] {
        let body = json!({"model": "m", "messages": [message]});
        assert_eq!(again(&decode(&body)), body);
    }
}

#[test]
fn what_is_said_has_its_place_in_the_canonical_form() {
    let request = decode(&json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 7,
        "messages": [
            {"role": "developer", "content": "d"},
            {"role": "assistant", "content": "t", "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "r"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}},
            {"type": "custom", "custom": {"name": "c"}},
        ],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "function", "function": {"name": "f"}}]}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": true}},
        "thinking": {"type": "disabled"}, "reasoning": {"effort": "low", "max_tokens": 9},
    }));
    assert!(request.streaming && request.include_usage == Some(true));
    assert_eq!(request.max_output.as_ref().and_then(RawJson::unsigned), Some(7));
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [TurnRole::Developer, TurnRole::Assistant, TurnRole::Tool]);
    let ContentBlock::ToolUse(call) = &request.turns[1].blocks[1] else { panic!() };
    assert!(matches!(&call.input, ToolInput::Text(text) if text.is("{}")));
    let ContentBlock::ToolResult(result) = &request.turns[2].blocks[0] else { panic!() };
    assert!(result.id.as_ref().unwrap().is("1") && result.content.len() == 1);
    assert!(request.tools[0].strict == Some(true) && request.tools[0].schema.is_some());
    assert_eq!(request.tools[1].kind, ChatToolKind::Custom);
    assert!(matches!(&request.pick, Some(ToolPick::Among { names, must: true }) if names[0].is("f")));
    assert!(matches!(&request.format, AnswerFormat::JsonSchema { strict: Some(true), .. }));
    assert_eq!(request.reasoning.mode, ReasoningMode::Off);
    assert_eq!(request.reasoning.budget.as_ref().and_then(RawJson::unsigned), Some(9));
    let mut losses = FieldLosses::default();
    losses.lose_extras("", &request.extra);
    losses.lose_extras("reasoning", &request.reasoning.extra);
    assert!(losses.is_empty(), "all of it has a place: {losses:?}");
}

#[test]
fn media_are_what_they_are_wherever_they_are() {
    let request = decode(&json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
        {"type": "image_url", "image_url": {"url": "gs://b/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]}]}));
    let media: Vec<_> = request.turns[0]
        .blocks
        .iter()
        .map(|block| match block {
            ContentBlock::Image(media) | ContentBlock::Audio(media) => {
                (media.source.clone(), media.media_type.as_ref().map(|kind| kind.text().into_owned()))
            }
            _ => panic!(),
        })
        .collect();
    assert!(matches!(&media[0], (MediaSource::Base64(data), Some(kind)) if data.is("iVBO") && kind == "image/png"));
    assert!(matches!(&media[1], (MediaSource::Store(_), None)));
    assert!(matches!(&media[2], (MediaSource::Base64(_), Some(kind)) if kind == "audio/wav"));
}

#[test]
fn what_is_no_request_is_told_by_its_field() {
    for (body, field) in [
        (json!([]), "body"),
        (json!({"messages": []}), "model"),
        (json!({"model": "m"}), "messages"),
        (json!({"model": "m", "messages": [7]}), "messages.role"),
        (json!({"model": "m", "messages": [{"role": "robot"}]}), "messages.role"),
        (json!({"model": "m", "messages": [{"role": "user", "content": 7}]}), "messages.content"),
    ] {
        assert!(matches!(try_decode(&body), Err(DecodeFault::Field { field: at, .. }) if at == field), "{body}");
    }
}

/// Any value, of the words that this wire knows.
fn value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "",
        "x",
        "text",
        "function",
        "custom",
        "auto",
        "required",
        "json_schema",
        "json_object",
        "low",
        "none",
        "enabled",
        "image_url",
        "data:image/png;base64,AA",
        "thinking",
        "{\"a\":1}",
        "ephemeral",
        "refusal",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..9).prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop::sample::select("type text name function custom arguments input id index parameters strict image_url url detail thinking refusal effort max_tokens schema json_schema include_usage allowed_tools tools mode cache_control ttl signature data format extra_content google thought_signature file file_data filename x enabled".split(' ').collect::<Vec<_>>());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

fn members(names: &'static str) -> impl Strategy<Value = serde_json::Map<String, Value>> {
    prop::collection::btree_map(prop::sample::select(names.split(' ').collect::<Vec<_>>()), value(), 0..6)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

const TOP: &str = "stream stream_options tools functions tool_choice function_call parallel_tool_calls stop \
    max_tokens max_completion_tokens n user safety_identifier metadata service_tier store reasoning \
    reasoning_effort thinking enable_thinking response_format temperature x";

const MESSAGE: &str = "content name tool_calls function_call refusal annotations reasoning reasoning_content \
    reasoning_details tool_call_id audio x";

proptest! {
    #[test]
    fn any_request_goes_out_as_it_came(
        top in members(TOP),
        messages in prop::collection::vec((prop::sample::select(vec!["system", "user", "assistant", "tool"]), members(MESSAGE)), 0..3),
    ) {
        let messages: Vec<Value> = messages.into_iter().map(|(role, mut message)| {
            message.insert("role".to_owned(), role.into());
            if message.get("content").is_some_and(|content| content.is_boolean() || content.is_number()) {
                message.remove("content");
            }
            Value::Object(message)
        }).collect();
        let mut body = json!({"model": "m", "messages": messages});
        body.as_object_mut().unwrap().extend(top);
        let request = try_decode(&body).unwrap();
        prop_assert_eq!(again(&request), body);
    }
}
