//! Requests of other wires as Cohere is asked them.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{DecodeFault, FieldLosses};
use weir_dialect::translate::WirePair;
use weir_recorded::{Recording, Spec, of_endpoint};

use super::{PAIR, asked, asked_of, rules};
use crate::support::hold;

/// Holds that all requests of an endpoint become ones that Cohere's specification takes.
fn all_of(check: &str, endpoint: &'static str, client: WireFormat, is_meant: fn(&Recording) -> bool) {
    hold(check, of_endpoint(endpoint).filter(|one| is_meant(one)), |recording| {
        let Some(body) = recording.request() else { return Ok(()) };
        let pair = WirePair { client, ..PAIR };
        for model in ["command-a-03-2025", "command-a-reasoning-08-2025"] {
            let mut losses = FieldLosses::default();
            let written = pair.request(&body.clone().into(), &rules(model), &mut losses).map_err(|e| e.to_string())?;
            let written: Value = serde_json::from_slice(&written).unwrap();
            assert_eq!(written["model"], model);
            let roles: Vec<_> = written["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
            assert!(!roles.is_empty());
            if let Some(spec) = Spec::cohere() {
                spec.request("/v2/chat", &written).map_err(|faults| format!("{written}: {faults:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn every_recorded_chat_becomes_a_request_that_cohere_takes() {
    all_of("cohere asked by chat", "chat-completions", WireFormat::Chat, |_| true);
}

#[test]
fn every_recorded_message_becomes_a_request_that_cohere_takes() {
    all_of("cohere asked by messages", "messages", WireFormat::Messages, |_| true);
}

#[test]
fn every_recorded_request_of_responses_becomes_one_that_cohere_takes() {
    all_of("cohere asked by responses", "responses", WireFormat::Responses, |one| one.status == 200);
}

#[test]
fn a_request_for_cohere_is_none_that_a_client_sends() {
    let pair = WirePair { client: WireFormat::CohereChat, provider: WireFormat::Chat, vendor: PAIR.vendor };
    let answered = pair.request(&"{}".into(), &rules("m"), &mut FieldLosses::default());
    assert_eq!(answered, Err(DecodeFault::NoClient));
    assert!(!WireFormat::CohereChat.has_clients() && !WireFormat::OllamaChat.has_clients());
    assert!(WireFormat::Chat.has_clients());
}

fn weather() -> Value {
    json!({"type": "function", "function": {"name": "weather", "description": "of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
}

fn named(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

#[test]
fn a_conversation_keeps_its_turns_calls_and_results() {
    let (asked, lost) = asked(&json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Weather?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
            ]},
            {"role": "assistant", "content": null, "reasoning_content": "two cities", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "assistant", "content": "Rain."},
            {"role": "user", "content": "And now?"}
        ],
        "tools": [weather()]
    }));
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(
        asked["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Weather?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
            ]},
            {"role": "assistant", "tool_plan": "two cities", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "assistant", "content": "Rain."},
            {"role": "user", "content": "And now?"}
        ])
    );
    assert_eq!((&asked["stream"], &asked["tools"]), (&json!(false), &json!([weather()])));
}

#[test]
fn thoughts_go_back_to_models_that_think() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "?"},
        {"role": "assistant", "reasoning_content": "hm", "content": "So."},
        {"role": "user", "content": "And?"}
    ]});
    let (written, lost) = asked_of("command-a-reasoning-08-2025", &body);
    assert_eq!(
        written["messages"][1]["content"],
        json!([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "So."}])
    );
    assert!(lost.is_empty());
    let (written, lost) = asked(&body);
    assert_eq!(
        (&written["messages"][1]["content"], lost),
        (&json!("So."), vec!["messages.content.reasoning".to_owned()])
    );
}

#[test]
fn numbers_and_words_have_coheres_names_and_bounds() {
    let (written, lost) = asked(&json!({
        "model": "m", "messages": [{"role": "user", "content": "?"}], "stream": true,
        "max_completion_tokens": 99, "temperature": 0.5, "top_p": 1, "seed": 7, "presence_penalty": 0.5,
        "frequency_penalty": 1.5, "logprobs": true, "top_logprobs": 3, "n": 2, "user": "u",
        "stop": ["a", "b", "c", "d", "e", "f"], "parallel_tool_calls": false, "service_tier": "priority"
    }));
    let due = [
        ("max_tokens", json!(99)),
        ("temperature", json!(0.5)),
        ("p", json!(0.99)),
        ("seed", json!(7)),
        ("presence_penalty", json!(0.5)),
        ("frequency_penalty", json!(1)),
        ("logprobs", json!(true)),
        ("stop_sequences", json!(["a", "b", "c", "d", "e"])),
        ("stream", json!(true)),
    ];
    for (name, value) in due {
        assert_eq!(written[name], value, "{name}");
    }
    assert_eq!(lost, ["frequency_penalty", "stop", "n", "top_logprobs", "parallel_tool_calls", "user", "service_tier"]);
}

#[test]
fn which_tool_is_to_be_called_is_said_by_those_that_are_offered() {
    let ask = |choice: Value| {
        let (written, lost) = asked(&json!({"model": "m", "messages": [{"role": "user", "content": "?"}],
            "tools": [weather(), named("other")], "tool_choice": choice}));
        assert!(lost.is_empty(), "{lost:?}");
        let names: Vec<_> =
            written["tools"].as_array().unwrap().iter().map(|tool| tool["function"]["name"].clone()).collect();
        (names, written["tool_choice"].clone())
    };
    let both = vec![json!("weather"), json!("other")];
    assert_eq!(ask(json!("auto")), (both.clone(), Value::Null));
    assert_eq!(ask(json!("none")), (both.clone(), json!("NONE")));
    assert_eq!(ask(json!("required")), (both, json!("REQUIRED")));
    assert_eq!(ask(named("other")), (vec![json!("other")], json!("REQUIRED")));
    let among = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("weather")]}});
    assert_eq!(ask(among), (vec![json!("weather")], Value::Null));
}

#[test]
fn the_form_of_the_answer_and_strict_tools_are_asked_as_cohere_has_them() {
    let body = |tools: Value| {
        json!({"model": "m", "messages": [{"role": "user", "content": "?"}], "tools": tools,
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}}})
    };
    let (written, lost) = asked(&body(json!([])));
    assert_eq!(written["response_format"], json!({"type": "json_object", "json_schema": {"type": "object"}}));
    assert!(lost.is_empty(), "{lost:?}");
    let mut strict = weather();
    strict["function"]["strict"] = true.into();
    let (written, lost) = asked(&body(json!([strict.clone()])));
    assert_eq!((&written["response_format"], &written["strict_tools"]), (&Value::Null, &json!(true)));
    assert_eq!(lost, ["response_format"]);
    let (written, lost) = asked(&body(json!([strict, named("other")])));
    assert_eq!(written["strict_tools"], Value::Null);
    assert_eq!(lost, ["tools.strict", "response_format"]);
    assert_eq!(written["tools"][1]["function"]["parameters"], json!({"type": "object", "properties": {}}));
}

#[test]
fn how_much_the_model_is_to_think_is_a_number_of_tokens() {
    let think = |members: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        asked_of("command-a-reasoning-08-2025", &body).0["thinking"].clone()
    };
    assert_eq!(think(json!({})), Value::Null);
    assert_eq!(think(json!({"reasoning_effort": "none"})), json!({"type": "disabled"}));
    assert_eq!(think(json!({"reasoning_effort": "low"})), json!({"type": "enabled", "token_budget": 2_048}));
    assert_eq!(
        think(json!({"reasoning_effort": "high", "max_tokens": 1_000})),
        json!({"type": "enabled", "token_budget": 999})
    );
    assert_eq!(think(json!({"enable_thinking": true})), json!({"type": "enabled"}));
}

#[test]
fn what_a_result_shows_is_shown_by_the_user_behind_it() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "look", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "is_error": true, "content": [
                {"type": "text", "text": "here"}, {"type": "text", "text": "it is"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
            ]},
            {"type": "text", "text": "Well?"}
        ]}
    ]});
    let mut losses = FieldLosses::default();
    let pair = WirePair { client: WireFormat::Messages, ..PAIR };
    let written = pair.request(&body.to_string().into(), &rules("command-a-03-2025"), &mut losses).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(
        written["messages"].as_array().unwrap()[2..],
        [
            json!({"role": "tool", "tool_call_id": "a", "content": "here\n\nit is"}),
            json!({"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
            ]}),
            json!({"role": "user", "content": "Well?"})
        ]
    );
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["messages.content.is_error"]);
}
