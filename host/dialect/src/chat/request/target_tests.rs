//! What providers do differently, and what other wires say beside their turns.

use bytes::Bytes;
use serde_json::{Value, json};

use super::encode_request;
use crate::canon::{
    AnswerFormat, ChatRequest, ChatTool, ChatToolKind, ChatTurn, ContentBlock, FieldLosses, JsonText, RawJson,
    RawMembers, ReasoningMode, ReasoningShow, TargetQuirks, TargetRules, TextBlock, ToolPick, TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn t(text: &str) -> JsonText {
    JsonText::of(text)
}

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn tool(name: &str, kind: ChatToolKind) -> ChatTool {
    ChatTool {
        name: t(name),
        description: Some(t("d")),
        schema: Some(raw(r#"{"type":"object"}"#)),
        strict: Some(true),
        kind,
        cache: None,
        extra: RawMembers::default(),
    }
}

/// A request of another wire that has everything.
fn request() -> ChatRequest {
    let mut request = ChatRequest::new(WireFormat::Messages, "m", true);
    let said = |text: &str| vec![ContentBlock::Text(TextBlock::of(t(text)))];
    request.turns = vec![ChatTurn::of(TurnRole::Developer, said("d")), ChatTurn::of(TurnRole::User, said("u"))];
    request.tools = vec![tool("f", ChatToolKind::Function)];
    request.parallel = Some(false);
    request.format = AnswerFormat::JsonSchema {
        name: None,
        description: None,
        schema: raw("{}"),
        strict: Some(true),
        extra: RawMembers::default(),
    };
    request.max_output = Some(RawJson::number(100));
    request.sampling.top_k = Some(RawJson::number(5));
    request.sampling.choices = Some(RawJson::number(2));
    request
}

fn encode(request: &ChatRequest, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = serde_json::from_slice(&encode_request(request, rules, &mut losses)).unwrap();
    (body, losses.iter().map(str::to_owned).collect())
}

fn rules(quirks: TargetQuirks) -> TargetRules {
    TargetRules { model: "up".into(), max_output: None, vendor: Vendor::Other, ask_usage: true, quirks }
}

fn body(change: impl FnOnce(&mut ChatRequest)) -> (Value, Vec<String>) {
    let mut request = ChatRequest::new(WireFormat::Responses, "m", false);
    change(&mut request);
    encode(&request, &rules(TargetQuirks { top_k: true, ..TargetQuirks::default() }))
}

#[test]
fn a_provider_gets_what_openai_gets_but_for_what_it_does_differently() {
    let (plain, losses) = encode(&request(), &rules(TargetQuirks::default()));
    assert_eq!(losses, ["top_k"]);
    assert_eq!(
        plain,
        json!({
            "model": "up",
            "messages": [{"role": "developer", "content": "d"}, {"role": "user", "content": "u"}],
            "tools": [{"type": "function", "function":
                {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}],
            "parallel_tool_calls": false,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {}, "strict": true}},
            "max_completion_tokens": 100, "n": 2,
            "stream": true, "stream_options": {"include_usage": true},
        })
    );
    let none = TargetQuirks::default;
    type Check = fn(&Value) -> bool;
    let rows: [(&str, TargetQuirks, Check, &[&str]); 9] = [
        ("max_tokens", TargetQuirks { max_tokens: true, ..none() }, |body| body["max_tokens"] == 100, &["top_k"]),
        (
            "no_stream_options",
            TargetQuirks { no_stream_options: true, ..none() },
            |body| body.get("stream_options").is_none() && body["stream"] == true,
            &["top_k"],
        ),
        (
            "no_developer",
            TargetQuirks { no_developer: true, ..none() },
            |body| body["messages"][0]["role"] == "system",
            &["top_k"],
        ),
        (
            "no_strict",
            TargetQuirks { no_strict: true, ..none() },
            |body| !body.to_string().contains("strict"),
            &["tools.strict", "top_k"],
        ),
        (
            "no_parallel",
            TargetQuirks { no_parallel: true, ..none() },
            |body| body.get("parallel_tool_calls").is_none(),
            &["parallel_tool_calls", "top_k"],
        ),
        (
            "no_json_schema",
            TargetQuirks { no_json_schema: true, ..none() },
            |body| body["response_format"] == json!({"type": "json_object"}),
            &["response_format.json_schema", "top_k"],
        ),
        ("top_k", TargetQuirks { top_k: true, ..none() }, |body| body["top_k"] == 5, &[]),
        ("no_n", TargetQuirks { no_n: true, ..none() }, |body| body.get("n").is_none(), &["top_k", "n"]),
        ("tool_ids_9", TargetQuirks { tool_ids_9: true, ..none() }, |body| body["tools"].is_array(), &["top_k"]),
    ];
    for (name, quirks, holds, due) in rows {
        let (body, losses) = encode(&request(), &rules(quirks));
        assert!(holds(&body), "{name}: {body}");
        assert_eq!(losses, due, "{name}");
    }
}

#[test]
fn no_more_is_asked_for_than_the_model_can_write() {
    let small = TargetRules { max_output: Some(64), ..rules(TargetQuirks { top_k: true, ..TargetQuirks::default() }) };
    let (body, losses) = encode(&request(), &small);
    assert_eq!((body["max_completion_tokens"].as_u64(), losses), (Some(64), vec!["max_output".to_owned()]));
}

#[test]
fn which_tool_is_to_be_called_is_said_in_openais_words() {
    let function = json!({"type": "function", "function": {"name": "f"}});
    let among = |must| ToolPick::Among { names: vec![t("f")], must };
    for (pick, due) in [
        (ToolPick::Auto, json!("auto")),
        (ToolPick::None, json!("none")),
        (ToolPick::Any, json!("required")),
        (ToolPick::One(t("f")), function.clone()),
        (ToolPick::One(t("c")), json!({"type": "custom", "custom": {"name": "c"}})),
        (among(true), json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [function]}})),
        (ToolPick::Other(raw("{}")), Value::Null),
    ] {
        let (body, losses) = body(|request| {
            request.tools = vec![tool("f", ChatToolKind::Function), tool("c", ChatToolKind::Custom)];
            request.pick = Some(pick.clone());
        });
        assert_eq!(body["tool_choice"], due);
        assert_eq!(losses.is_empty(), !due.is_null(), "{losses:?}");
        assert_eq!(body["tools"][1], json!({"type": "custom", "custom": {"name": "c", "description": "d"}}));
    }
    let (body, _) = body(|request| (request.pick, request.parallel) = (Some(ToolPick::Auto), Some(true)));
    assert_eq!(body, json!({"model": "up", "messages": []}), "without tools neither is taken");
}

#[test]
fn tools_that_run_at_another_provider_are_lost_by_their_names() {
    let (body, losses) = body(|request| {
        request.tools = vec![tool("web_search_20250305", ChatToolKind::Server(raw("{}")))];
        request.pick = Some(ToolPick::Auto);
    });
    assert_eq!(body.get("tools").or(body.get("tool_choice")), None);
    assert_eq!(losses, ["tools.web_search_20250305"]);
}

#[test]
fn how_much_is_to_be_thought_is_said_as_an_effort() {
    type Change = fn(&mut ChatRequest);
    let rows: [(Change, Value); 7] = [
        (
            |request| (request.reasoning.mode, request.reasoning.effort) = (ReasoningMode::Off, Some(t("high"))),
            json!("none"),
        ),
        (|request| request.reasoning.effort = Some(t("minimal")), json!("minimal")),
        (|request| request.reasoning.effort = Some(t("max")), json!("xhigh")),
        (|request| request.reasoning.effort = Some(t("none")), json!("none")),
        (|request| request.reasoning.budget = Some(RawJson::number(8_192)), json!("medium")),
        (|request| request.reasoning.budget = Some(RawJson::number(0)), Value::Null),
        (|request| request.reasoning.mode = ReasoningMode::Off, Value::Null),
    ];
    for (change, due) in rows {
        let (body, losses) = body(change);
        assert_eq!(body["reasoning_effort"], due);
        assert!(losses.is_empty());
    }
    let (_, losses) = body(|request| {
        request.reasoning.show = Some(ReasoningShow::Summary(t("auto")));
        request.reasoning.encrypted = true;
    });
    assert!(losses.is_empty(), "{losses:?}");
    let (_, losses) = body(|request| request.reasoning.show = Some(ReasoningShow::Summary(t("detailed"))));
    assert_eq!(losses, ["reasoning.summary"]);
}

#[test]
fn numbers_and_words_are_carried_and_the_rest_is_lost_by_name() {
    let (body, losses) = body(|request| {
        let sampling = &mut request.sampling;
        (sampling.temperature, sampling.top_p) = (Some(raw("0.5")), Some(raw("1")));
        (sampling.seed, sampling.min_p) = (Some(raw("7")), Some(raw("0.1")));
        (sampling.presence_penalty, sampling.frequency_penalty) = (Some(raw("1")), Some(raw("2")));
        (sampling.logprobs, sampling.top_logprobs) = (Some(raw("true")), Some(raw("3")));
        sampling.stop = ["a", "b", "c", "d", "e"].map(t).to_vec();
        (request.user, request.store) = (Some(t("u")), Some(false));
        (request.service_tier, request.previous) = (Some(t("reserved")), Some(t("resp_1")));
        request.metadata = Some(raw(r#"{"k":"v"}"#));
        request.format = AnswerFormat::JsonObject;
        request.extra = raw(r#"{"truncation":"auto","background":false}"#).members();
    });
    assert_eq!(
        body,
        json!({
            "model": "up", "messages": [], "response_format": {"type": "json_object"},
            "temperature": 0.5, "top_p": 1, "presence_penalty": 1, "frequency_penalty": 2, "seed": 7,
            "logprobs": true, "top_logprobs": 3, "min_p": 0.1, "stop": ["a", "b", "c", "d"],
            "user": "u", "metadata": {"k": "v"},
        })
    );
    assert_eq!(losses, ["stop", "service_tier", "previous_response_id", "truncation"]);
}

#[test]
fn anthropics_words_for_how_soon_are_openais() {
    for (word, due) in [("auto", Value::Null), ("standard_only", json!("default"))] {
        let mut request = ChatRequest::new(WireFormat::Messages, "m", false);
        request.service_tier = Some(t(word));
        let (body, losses) = encode(&request, &rules(TargetQuirks::default()));
        assert_eq!(body["service_tier"], due);
        assert!(losses.is_empty());
    }
}

#[test]
fn who_wants_no_usage_gets_it_asked_for_only_if_we_do() {
    let mut request = ChatRequest::new(WireFormat::Chat, "m", true);
    let silent = TargetRules { ask_usage: false, ..rules(TargetQuirks::default()) };
    let (body, _) = encode(&request, &silent);
    assert_eq!(body.get("stream_options"), None);
    request.include_usage = Some(false);
    let (body, _) = encode(&request, &rules(TargetQuirks::default()));
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
}
