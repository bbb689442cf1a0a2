//! Parameters, tools and turns of other wires, written.

use serde_json::{Value, json};

use super::*;
use crate::canon::{
    AnswerFormat, ChatTool, ChatToolKind, ContentForm, RawMembers, ReasoningMode, ReasoningShow, ToolInput, ToolPick,
    ToolResultBlock, ToolUseBlock,
};

fn call(id: &str) -> ContentBlock {
    ContentBlock::ToolUse(ToolUseBlock::of(Some(words(id)), words("look"), ToolInput::Text(words(r#"{"a":1}"#))))
}

fn result(id: &str, text: &str) -> ContentBlock {
    ContentBlock::ToolResult(ToolResultBlock {
        id: Some(words(id)),
        name: None,
        content: vec![said(text)],
        form: ContentForm::Text,
        failed: None,
        cache: None,
        extra: RawMembers::default(),
    })
}

fn function(name: &str, schema: Option<&str>) -> ChatTool {
    ChatTool {
        name: words(name),
        description: Some(words("looks")),
        schema: schema.map(raw),
        strict: Some(true),
        kind: ChatToolKind::Function,
        cache: None,
        extra: RawMembers::default(),
    }
}

#[test]
fn the_most_tokens_are_the_clients_else_what_the_model_can_else_8192() {
    let mut request = hello();
    assert_eq!(
        carried(&request),
        json!({"model": "claude-sonnet-4-5", "max_tokens": 8192, "messages": [{"role": "user", "content": "hi"}]})
    );
    let rules = TargetRules { max_output: Some(64_000), ..rules() };
    assert_eq!(sent_by(&request, &rules).0["max_tokens"], 64_000);
    request.max_output = Some(RawJson::number(12));
    assert_eq!(sent_by(&request, &rules).0["max_tokens"], 12);
}

#[test]
fn what_the_application_says_first_is_system_and_what_it_says_later_stays_in_place() {
    let turns = vec![
        (TurnRole::System, vec![said("one")]),
        (TurnRole::Developer, vec![said("two"), said(" ")]),
        (TurnRole::User, vec![said("hi")]),
        (TurnRole::System, vec![said("later")]),
    ];
    let mut request = asked(turns);
    let body = carried(&request);
    assert_eq!(body["system"], json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]));
    assert_eq!(body["messages"][1], json!({"role": "system", "content": "later"}));
    let mut rules = rules();
    rules.quirks.no_mid_system = true;
    let (body, lost) = sent_by(&request, &rules);
    let both = json!([{"type": "text", "text": "hi"}, {"type": "text", "text": "later"}]);
    assert_eq!(body["messages"], json!([{"role": "user", "content": both}]));
    assert_eq!(lost, ["messages.role"]);
    request.turns.truncate(1);
    let body = carried(&request);
    assert_eq!(
        (body.get("system"), &body["messages"][0]["content"]),
        (None, &json!("one")),
        "there is something to answer"
    );
    request.turns.push(ChatTurn::of(TurnRole::User, vec![said("hi")]));
    assert_eq!(carried(&request)["system"], "one");
}

#[test]
fn results_of_tools_are_one_message_of_the_users_and_stand_first_and_behind_their_calls() {
    let request = asked(vec![
        (TurnRole::User, vec![said("hi")]),
        (TurnRole::Assistant, vec![said("wait"), call("a"), call("b.1")]),
        (TurnRole::System, vec![said("be quick")]),
        (TurnRole::Tool, vec![result("a", "x")]),
        (TurnRole::Tool, vec![result("b.1", "")]),
        (TurnRole::User, vec![said("well?")]),
    ]);
    let body = carried(&request);
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "system"]);
    assert_eq!(messages[1]["content"][1], json!({"type": "tool_use", "id": "a", "name": "look", "input": {"a": 1}}));
    let id = messages[1]["content"][2]["id"].as_str().unwrap();
    assert!(
        id.len() == 22 && messages[2]["content"][1]["tool_use_id"] == id,
        "what the grammar forbids is another, alike in both"
    );
    assert_eq!(messages[2]["content"][0], json!({"type": "tool_result", "tool_use_id": "a", "content": "x"}));
    assert_eq!(messages[2]["content"][2], json!({"type": "text", "text": "well?"}));
    let mut rules = rules();
    rules.quirks.no_mid_system = true;
    let (body, _) = sent_by(&request, &rules);
    let kinds: Vec<_> =
        body["messages"][2]["content"].as_array().unwrap().iter().map(|block| block["type"].clone()).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text", "text"]);
}

#[test]
fn calls_of_wires_without_identifiers_have_some() {
    let of = |id| ContentBlock::ToolUse(ToolUseBlock::of(id, words("look"), ToolInput::Json(RawJson::EMPTY_OBJECT)));
    let ContentBlock::ToolResult(mut answer) = result("", "x") else { panic!() };
    (answer.id, answer.name) = (None, Some(words("look")));
    let mut request = asked(vec![
        (TurnRole::User, vec![said("hi")]),
        (TurnRole::Assistant, vec![of(None)]),
        (TurnRole::Tool, vec![ContentBlock::ToolResult(answer)]),
    ]);
    request.wire = WireFormat::GenerateContent;
    let body = carried(&request);
    assert_eq!(body["messages"][1]["content"][0]["id"], "call_1");
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], "call_1");
}

#[test]
fn a_message_that_says_nothing_is_left_out() {
    let request = asked(vec![
        (TurnRole::User, vec![said("hi")]),
        (TurnRole::Assistant, vec![said("")]),
        (TurnRole::User, vec![said("hello?")]),
    ]);
    assert_eq!(carried(&request)["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn tools_have_a_schema_of_objects_and_those_of_other_providers_are_lost_by_their_types() {
    let mut request = hello();
    request.tools = vec![
        function("a", Some(r#"{"type":"object","properties":{"x":{}}}"#)),
        function("b", Some(r#"{"properties":{}}"#)),
        function("c", None),
        ChatTool { kind: ChatToolKind::Custom, ..function("d", None) },
        ChatTool { kind: ChatToolKind::Server(RawJson::EMPTY_OBJECT), ..function("web_search", None) },
    ];
    let (body, lost) = sent(&request);
    let tools = body["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 3);
    assert_eq!(
        tools[0],
        json!({"name": "a", "description": "looks", "input_schema": {"type": "object", "properties": {"x": {}}}, "strict": true})
    );
    assert_eq!(tools[1]["input_schema"], json!({"type": "object", "properties": {}}));
    assert_eq!(tools[2]["input_schema"], json!({"type": "object", "properties": {}}));
    assert_eq!(lost, ["tools.custom", "tools.web_search"]);
}

#[test]
fn which_tool_is_to_be_called_and_how_many_at_once_is_one_choice() {
    let among = |must| ToolPick::Among { names: vec![words("a")], must };
    let rows: Vec<(Option<ToolPick>, Option<bool>, Value, &[&str])> = vec![
        (None, None, Value::Null, &[]),
        (None, Some(true), Value::Null, &[]),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true}), &[]),
        (Some(ToolPick::Auto), None, json!({"type": "auto"}), &[]),
        (Some(ToolPick::None), Some(false), json!({"type": "none"}), &[]),
        (Some(ToolPick::Any), Some(true), json!({"type": "any"}), &[]),
        (
            Some(ToolPick::One(words("a"))),
            Some(false),
            json!({"type": "tool", "name": "a", "disable_parallel_tool_use": true}),
            &[],
        ),
        (Some(among(true)), None, json!({"type": "any"}), &["tool_choice.allowed_tools"]),
        (Some(among(false)), None, json!({"type": "auto"}), &["tool_choice.allowed_tools"]),
        (Some(ToolPick::Other(RawJson::EMPTY_OBJECT)), None, Value::Null, &["tool_choice"]),
    ];
    for (pick, parallel, due, losses) in rows {
        let mut request = hello();
        request.tools = vec![function("a", None)];
        (request.pick, request.parallel) = (pick, parallel);
        let (body, lost) = sent(&request);
        assert_eq!(body.get("tool_choice").unwrap_or(&Value::Null), &due);
        assert_eq!(lost, losses);
        request.tools.clear();
        assert_eq!(sent(&request).0.get("tool_choice"), None, "there is nothing to choose");
    }
}

#[test]
fn what_only_other_wires_have_is_lost_by_its_name_and_what_asks_for_nothing_is_not() {
    let mut request = hello();
    let sampling = &mut request.sampling;
    (sampling.temperature, sampling.top_p, sampling.top_k) = (Some(raw("1.5")), Some(raw("0.5")), Some(raw("3")));
    sampling.stop = vec![words("a"), words(" ")];
    (sampling.presence_penalty, sampling.frequency_penalty) = (Some(raw("0.0")), Some(raw("1")));
    (sampling.choices, sampling.seed) = (Some(raw("1")), Some(raw("7")));
    (sampling.logprobs, sampling.min_p) = (Some(raw("false")), Some(raw("0.1")));
    (request.user, request.metadata) = (Some(words("u")), Some(raw(r#"{"k":"v"}"#)));
    (request.service_tier, request.store) = (Some(words("default")), Some(false));
    (request.previous, request.extra) =
        (Some(words("resp_1")), raw(r#"{"modalities":["text"],"prediction":null}"#).members());
    let (body, lost) = sent(&request);
    assert_eq!((&body["temperature"], &body["top_p"], &body["top_k"]), (&json!(1), &json!(0.5), &json!(3)));
    assert_eq!((&body["stop_sequences"], &body["metadata"]), (&json!(["a"]), &json!({"user_id": "u"})));
    assert_eq!(body["service_tier"], "standard_only");
    let due =
        ["temperature", "stop", "min_p", "frequency_penalty", "seed", "metadata", "previous_response_id", "modalities"];
    assert_eq!(lost, due);
}

#[test]
fn answers_by_a_schema_are_asked_for_and_any_json_cannot_be() {
    let mut request = hello();
    let schema = raw(r#"{"type":"object"}"#);
    request.format = AnswerFormat::JsonSchema {
        name: Some(words("n")),
        description: None,
        schema,
        strict: Some(true),
        extra: RawMembers::default(),
    };
    let due = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
    assert_eq!(carried(&request)["output_config"], due);
    let mut rules = rules();
    rules.quirks.no_json_schema = true;
    assert_eq!(sent_by(&request, &rules).1, ["response_format"]);
    request.format = AnswerFormat::JsonObject;
    assert_eq!(sent(&request).1, ["response_format"]);
}

/// `thinking`, `output_config` and what is lost, for a model.
fn thinking(model: &str, most: Option<u64>, wish: impl Fn(&mut ChatRequest)) -> (Value, Value, Vec<String>) {
    let mut request = hello();
    request.max_output = most.map(RawJson::number);
    wish(&mut request);
    let (body, lost) = sent_by(&request, &TargetRules { model: model.into(), ..rules() });
    let part = |name| body.get(name).cloned().unwrap_or(Value::Null);
    (part("thinking"), part("output_config"), lost)
}

#[test]
fn older_models_think_with_a_budget_that_leaves_room_for_the_answer() {
    let old = "claude-sonnet-4-5";
    let effort = |word: &'static str| move |request: &mut ChatRequest| request.reasoning.effort = Some(words(word));
    let enabled = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(thinking(old, Some(64_000), effort("high")), (enabled(24_576), Value::Null, vec![]));
    assert_eq!(thinking(old, Some(64_000), effort("minimal")), (enabled(1_024), Value::Null, vec![]));
    assert_eq!(thinking(old, Some(64_000), effort("none")), (json!({"type": "disabled"}), Value::Null, vec![]));
    assert_eq!(
        thinking(old, Some(4_000), effort("high")),
        (enabled(3_000), Value::Null, vec![]),
        "less than all tokens"
    );
    assert_eq!(thinking(old, None, effort("medium")), (enabled(6_144), Value::Null, vec![]));
    assert_eq!(thinking(old, Some(1_024), effort("low")), (Value::Null, Value::Null, vec!["reasoning".into()]));
    let budget = |request: &mut ChatRequest| request.reasoning.budget = Some(RawJson::number(100));
    assert_eq!(thinking(old, Some(2_000), budget).0, enabled(1_024), "no less than there is");
    let on = |request: &mut ChatRequest| request.reasoning.mode = ReasoningMode::On;
    assert_eq!(thinking(old, Some(64_000), on).0, enabled(8_192));
    assert_eq!(thinking(old, None, |_| ()), (Value::Null, Value::Null, vec![]));
}

#[test]
fn newer_models_think_by_effort_and_show_it_when_asked() {
    let new = "claude-opus-4-6";
    let with = |effort: &'static str, show: Option<ReasoningShow>| {
        move |request: &mut ChatRequest| {
            request.reasoning.effort = Some(words(effort));
            request.reasoning.show = show.clone();
        }
    };
    let adaptive = json!({"type": "adaptive"});
    assert_eq!(thinking(new, None, with("minimal", None)), (adaptive.clone(), json!({"effort": "low"}), vec![]));
    assert_eq!(thinking(new, None, with("xhigh", None)).1, json!({"effort": "high"}));
    let shown = json!({"type": "adaptive", "display": "summarized"});
    assert_eq!(thinking(new, None, with("low", Some(ReasoningShow::Full))).0, shown);
    assert_eq!(thinking(new, None, with("low", Some(ReasoningShow::Summary(words("auto"))))).0, shown);
    let hidden = json!({"type": "adaptive", "display": "omitted"});
    assert_eq!(thinking(new, None, with("low", Some(ReasoningShow::Nothing))).0, hidden);
    let budget = |request: &mut ChatRequest| request.reasoning.budget = Some(RawJson::number(20_000));
    assert_eq!(thinking(new, None, budget), (adaptive, json!({"effort": "high"}), vec![]));
}

#[test]
fn a_model_that_thinks_takes_fewer_wishes() {
    let wish = |request: &mut ChatRequest| {
        request.reasoning.effort = Some(words("low"));
        request.sampling.temperature = Some(raw("0.2"));
        (request.sampling.top_p, request.sampling.top_k) = (Some(raw("0.9")), Some(raw("5")));
    };
    assert_eq!(thinking("claude-opus-4-6", None, wish).2, ["temperature", "top_p", "top_k"]);
    let forced = |request: &mut ChatRequest| {
        request.reasoning.effort = Some(words("low"));
        request.tools = vec![function("a", None)];
        request.pick = Some(ToolPick::Any);
    };
    assert_eq!(thinking("claude-opus-4-6", None, forced), (Value::Null, Value::Null, vec!["reasoning".into()]));
    let amid = |request: &mut ChatRequest| {
        request.reasoning.effort = Some(words("low"));
        request.turns.push(ChatTurn::of(TurnRole::Assistant, vec![call("a")]));
        request.turns.push(ChatTurn::of(TurnRole::Tool, vec![result("a", "x")]));
    };
    assert_eq!(thinking("claude-sonnet-4-5", None, amid).2, ["reasoning"], "its thoughts are not there");
    assert_eq!(thinking("claude-opus-4-6", None, amid).2, [""; 0]);
}
