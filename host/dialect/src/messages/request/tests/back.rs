//! Requests of this wire, read and written as they were.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    AnswerFormat, ChatToolKind, ContentForm, DecodeFault, DocumentSource, ReasoningMode, ReasoningShow, ServerToolKind,
    ToolPick, TurnOrigin,
};

fn body(with: &Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 5, "messages": []});
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    body
}

fn written(request: &ChatRequest) -> Value {
    let rules = TargetRules { model: request.model.as_ref().into(), ..rules() };
    serde_json::from_slice(&encode_request(request, &rules, &mut FieldLosses::default())).unwrap()
}

#[test]
fn parameters_are_known_by_what_they_mean() {
    let request = decoded(&body(&json!({
        "stream": true, "system": "s", "stop_sequences": ["x"], "temperature": 0.5, "top_k": 3,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "metadata": {"user_id": "u"}, "service_tier": "auto", "container": "c",
        "tool_choice": {"type": "tool", "name": "a", "disable_parallel_tool_use": true},
        "tools": [
            {"name": "a", "description": "d", "input_schema": {}, "strict": true, "type": "custom"},
            {"name": "web_search", "type": "web_search_20250305"}
        ]
    })));
    assert!(request.streaming);
    assert_eq!((request.turns[0].role, request.turns[0].origin), (TurnRole::System, TurnOrigin::Parameter));
    assert_eq!((request.sampling.stop.as_slice(), request.sampling.top_k.clone()), (&[words("x")][..], Some(raw("3"))));
    assert_eq!((request.reasoning.mode, request.reasoning.budget.clone()), (ReasoningMode::On, Some(raw("2000"))));
    assert_eq!(
        (request.reasoning.effort.clone(), request.reasoning.show.clone()),
        (Some(words("low")), Some(ReasoningShow::Full))
    );
    assert!(matches!(request.format, AnswerFormat::JsonSchema { .. }));
    assert_eq!((request.user.clone(), request.service_tier.clone()), (Some(words("u")), Some(words("auto"))));
    assert_eq!((request.pick.clone(), request.parallel), (Some(ToolPick::One(words("a"))), Some(false)));
    assert_eq!((&request.tools[0].kind, request.tools[0].strict), (&ChatToolKind::Function, Some(true)));
    assert_eq!(request.tools[1].name, words("web_search_20250305"));
    let mut lost = FieldLosses::default();
    lost.lose_extras("", &request.extra);
    lost.lose_extras("tools", &request.tools[0].extra);
    assert_eq!(lost.iter().collect::<Vec<_>>(), ["container"], "nothing else is this wire's alone");
}

#[test]
fn turns_are_of_the_user_of_tools_and_of_the_model() {
    let result = json!({"type": "tool_result", "tool_use_id": "a", "content": "x", "is_error": true});
    let request = decoded(&json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {"type": "direct"}}]},
        {"role": "user", "content": [result]},
        {"role": "user", "content": [result, {"type": "text", "text": "t"}]},
        {"role": "system", "content": "be brief"}
    ]}));
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [TurnRole::User, TurnRole::Assistant, TurnRole::Tool, TurnRole::User, TurnRole::System]);
    let ContentBlock::ToolResult(result) = &request.turns[2].blocks[0] else { panic!() };
    assert_eq!((result.form, result.failed), (ContentForm::Text, Some(true)));
    let ContentBlock::ToolUse(call) = &request.turns[1].blocks[0] else { panic!() };
    let mut lost = FieldLosses::default();
    lost.lose_extras("", &call.extra);
    assert!(lost.is_empty(), "that the model itself calls is nothing of this wire's alone (quirk 114)");
}

#[test]
fn blocks_are_known_and_what_is_odd_stays_as_it_stood() {
    let request = decoded(&json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}, "citations": {"enabled": true}},
        {"type": "image", "source": {"type": "hologram"}},
        {"type": "mcp_tool_use", "id": "m1", "name": "ask", "server_name": "s", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m1", "content": []},
        {"type": "container_upload", "file_id": "f"},
        7
    ]}]}));
    let blocks = &request.turns[0].blocks;
    let ContentBlock::Document(document) = &blocks[0] else { panic!() };
    assert!(matches!(document.source, DocumentSource::Text(_)) && document.cited == Some(true));
    let kinds = |block: &ContentBlock| match block {
        ContentBlock::Other(other) => other.kind.to_string(),
        ContentBlock::ServerTool(tool) => format!("{:?} {}", tool.kind, tool.id.as_ref().unwrap().text()),
        _ => panic!(),
    };
    let found: Vec<_> = blocks[1..].iter().map(kinds).collect();
    assert_eq!(found, ["image", "Call m1", "Result m1", "container_upload", ""]);
    assert!(matches!(blocks[3], ContentBlock::ServerTool(ref tool) if tool.kind == ServerToolKind::Result));
}

#[test]
fn signatures_of_other_vendors_come_back_from_where_they_were_kept_and_do_not_go_to_anthropic() {
    use crate::canon::{SignatureKind, ThoughtSignature};
    use crate::translate::signatures::carried;
    let of = |vendor, kind| ThoughtSignature { vendor, kind, value: words("s") };
    let (google, openai) = (of(Vendor::Google, SignatureKind::Signature), of(Vendor::OpenAi, SignatureKind::Encrypted));
    let slot = |signature, kind| carried(signature, Vendor::Anthropic, kind).text().into_owned();
    let request = decoded(&json!({"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": [
        {"type": "redacted_thinking", "data": slot(&google, SignatureKind::Redacted)},
        {"type": "redacted_thinking", "data": slot(&openai, SignatureKind::Redacted)},
        {"type": "thinking", "thinking": "t", "signature": slot(&openai, SignatureKind::Signature)},
        {"type": "thinking", "thinking": "", "signature": "own"}
    ]}]}));
    let thoughts: Vec<_> = request.turns[0]
        .blocks
        .iter()
        .map(|block| match block {
            ContentBlock::Reasoning(thought) => (thought.signature.clone().unwrap(), thought.signs_next),
            _ => panic!(),
        })
        .collect();
    let own = ThoughtSignature { vendor: Vendor::Anthropic, kind: SignatureKind::Signature, value: words("own") };
    assert_eq!(thoughts, [(google, true), (openai.clone(), false), (openai, false), (own, false)]);
    let due = json!([{"type": "thinking", "thinking": "", "signature": "own"}]);
    assert_eq!(written(&request)["messages"][0]["content"], due);
}

#[test]
fn what_is_no_request_is_refused_by_the_member_at_fault() {
    for (body, field) in [
        (json!({"messages": []}), "model"),
        (json!({"model": "m"}), "messages"),
        (json!({"model": "m", "messages": [{"role": "user", "content": 1}]}), "messages.content"),
        (json!({"model": "m", "messages": [{"role": "tool", "content": ""}]}), "messages.role"),
        (json!({"model": "m", "messages": [], "system": 1}), "system"),
        (json!([1]), "model"),
    ] {
        match decode_request(&raw(&body.to_string())) {
            Err(DecodeFault::Field { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{other:?}"),
        }
    }
}

/// Members beside those that are known: of names that nobody knows, and of known ones that are not as they should be.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"novel": {"deep": [1, null]}, "cache_control": null})),
        Just(json!({"cache_control": {"type": "ephemeral", "ttl": "1h"}})),
        Just(json!({"cache_control": {"type": "novel"}, "citations": []})),
        Just(json!({"type2": "x", "cache_control": {"type": "ephemeral", "scope": "org"}})),
    ]
}

fn block() -> impl Strategy<Value = Value> {
    let text = any::<String>;
    let one = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        Just(json!({"type": "text", "text": "t", "citations": [{"type": "char_location", "cited_text": "c"}]})),
        Just(json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}})),
        Just(json!({"type": "image", "source": {"type": "url", "url": "https://a", "novel": 1}})),
        Just(
            json!({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}, "title": null})
        ),
        Just(
            json!({"type": "document", "source": {"type": "file", "file_id": "f"}, "citations": {"enabled": false}, "context": "c"})
        ),
        text().prop_map(|text| json!({"type": "thinking", "thinking": text, "signature": "s"})),
        Just(json!({"type": "thinking", "thinking": "", "signature": ""})),
        Just(json!({"type": "redacted_thinking", "data": "d"})),
        text()
            .prop_map(|text| json!({"type": "tool_use", "id": "a.b", "name": text, "input": {"k": [1.50, "\u{7f}"]}})),
        Just(json!({"type": "tool_use", "id": "a", "name": "n"})),
        text().prop_map(|text| json!({"type": "tool_result", "tool_use_id": "a", "content": text, "is_error": false})),
        Just(json!({"type": "tool_result", "tool_use_id": "a", "content": null})),
        Just(
            json!({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": ""}, {"type": "tool_reference", "tool_name": "x"}]})
        ),
        Just(json!({"type": "server_tool_use", "id": "s", "name": "n", "input": {}})),
        Just(json!({"type": "novel", "text": 1})),
    ];
    (one, odd()).prop_map(|(mut block, odd)| {
        for (name, value) in odd.as_object().unwrap() {
            block.as_object_mut().unwrap().entry(name).or_insert(value.clone());
        }
        block
    })
}

fn content() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::from),
        prop::collection::vec(block(), 0..4).prop_map(Value::from),
        Just(Value::Null)
    ]
}

fn parameters() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"stream": true, "temperature": 1.0, "top_p": null, "stop_sequences": [], "metadata": {}})),
        Just(json!({"stream": false, "metadata": {"user_id": null, "x": 1}, "service_tier": 5, "system": null})),
        Just(
            json!({"metadata": {"user_id": "u", "x": 1}, "stop_sequences": ["a", 1], "tools": [], "tool_choice": {"type": "novel"}})
        ),
        Just(
            json!({"output_config": {"effort": "max", "format": {"type": "json_schema", "schema": {}, "name": "n"}, "budget": 1}})
        ),
        Just(json!({"output_config": {"format": {"type": "novel"}}, "thinking": {"type": "between_tools"}})),
        Just(json!({"output_config": {}, "thinking": {"type": "adaptive", "display": "omitted", "novel": 1}})),
        Just(
            json!({"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "summarized"}, "tool_choice": {"type": "auto", "disable_parallel_tool_use": false}})
        ),
        Just(
            json!({"thinking": {"type": "disabled"}, "tools": [{"name": "a", "input_schema": {"type": "object"}, "type": "custom", "defer_loading": true}, {"type": "bash_20250124", "name": "bash"}, {"odd": 1}]})
        ),
        Just(
            json!({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "mcp_servers": [{"url": "u"}], "tool_choice": "auto"})
        ),
    ]
}

proptest! {
    #[test]
    fn a_request_is_written_as_it_was(
        turns in prop::collection::vec((prop::sample::select(vec!["user", "assistant", "system"]), content(), odd()), 0..4),
        parameters in parameters(),
    ) {
        let turns: Vec<Value> = turns.into_iter().map(|(role, content, odd)| {
            let mut turn = json!({"role": role, "content": content});
            turn.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
            turn
        }).collect();
        let mut body = body(&parameters);
        body["messages"] = turns.into();
        prop_assert_eq!(written(&decoded(&body)), body);
    }
}
