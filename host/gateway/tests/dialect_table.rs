//! Every client at every provider, with all that a conversation may have: the table of docs/dialects.md, which this writes
//! (`WEIR_BLESS=1`) or compares.

use crate::client_dialects::config_of;
use crate::support::clients::{CLIENTS, Client, Said};
use crate::support::wires::{CHAT, RESPONSES, WIRES, Wire};
use crate::support::{ACME, Gateway, root, send};
use serde_json::{Value, json};

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

/// What a client asks that asks for all there is: tools that may be called in parallel, a picture, a form of the answer, thoughts.
fn everything(client: &Client, streaming: bool) -> Value {
    let mut asked = (client.question)(streaming);
    let form = json!({
        "type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": false
    });
    match client.name {
        "messages" => {
            asked["output_config"] = json!({"format": {"type": "json_schema", "schema": form}});
            asked["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": false});
            asked["max_tokens"] = 4096.into();
            asked["thinking"] = json!({"type": "enabled", "budget_tokens": 1024});
            asked.as_object_mut().unwrap().remove("temperature");
        }
        "responses" => {
            asked["text"] = json!({"format": {"type": "json_schema", "name": "form", "schema": form, "strict": true}});
            asked["parallel_tool_calls"] = true.into();
            asked["reasoning"] = json!({"effort": "low", "summary": "auto"});
        }
        "converse" => {
            asked["outputConfig"] = json!({
                "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "form", "schema": form.to_string()}}}
            })
        }
        _ => {
            asked["generationConfig"]["responseMimeType"] = "application/json".into();
            asked["generationConfig"]["responseJsonSchema"] = form;
            asked["generationConfig"]["thinkingConfig"] = json!({"includeThoughts": true, "thinkingBudget": 1024});
        }
    }
    asked
}

/// The same for a client of chat completions.
fn everything_of_chat(streaming: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let form = json!({
        "type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": false
    });
    let mut asked = json!({
        "model": "m", "max_completion_tokens": 4096, "parallel_tool_calls": true, "reasoning_effort": "low",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Weather?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_0", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}
            ]},
            {"role": "tool", "tool_call_id": "call_0", "content": "rain"}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "of a city", "parameters": schema}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "form", "schema": form, "strict": true}}
    });
    if streaming {
        (asked["stream"], asked["stream_options"]) = (true.into(), json!({"include_usage": true}));
    }
    asked
}

fn of_chat(reply: &crate::support::client::Reply, streaming: bool) -> Said {
    let mut said = Said::default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut calls: Vec<(String, String)> = Vec::new();
    let answers = match streaming {
        false => vec![reply.json()],
        true => {
            let events = reply.events();
            assert_eq!(events.last().map(String::as_str), Some("[DONE]"), "{}", reply.text());
            events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect()
        }
    };
    for answer in &answers {
        let message = &answer["choices"][0][if streaming { "delta" } else { "message" }];
        said.text += &text(&message["content"]);
        said.thought += &text(&message["reasoning_content"]);
        said.stop += &text(&answer["choices"][0]["finish_reason"]);
        for (at, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let at = call["index"].as_u64().map_or(at, |index| index as usize);
            calls.resize_with(calls.len().max(at + 1), Default::default);
            calls[at].0 += &text(&call["function"]["name"]);
            calls[at].1 += &text(&call["function"]["arguments"]);
        }
        if answer["usage"].is_object() {
            said.input = answer["usage"]["prompt_tokens"].as_u64().unwrap();
            said.output = answer["usage"]["completion_tokens"].as_u64().unwrap();
            said.cached = answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
        }
    }
    said.calls = calls.into_iter().map(|(name, input)| (name, serde_json::from_str(&input).unwrap())).collect();
    said
}

/// One cell: what is left out of the request, once all of the answer has come.
fn cell(client: Option<&Client>, wire: &Wire, responses: bool, streaming: bool) -> String {
    let upstream = wire.upstream();
    let lines = match (wire.kind, responses) {
        ("openai", true) => "retries = 0\nendpoints = [\"responses\"]",
        ("openai", false) => "retries = 0\nendpoints = [\"chat\"]",
        _ => "retries = 0",
    };
    let gateway = Gateway::start(&config_of(wire, upstream.address, "their-model", lines));
    let (reply, said) = match client {
        Some(client) => {
            let reply = client.send(gateway.address, streaming, &everything(client, streaming).to_string());
            assert_eq!(reply.status, 200, "{} at {}: {}", client.name, wire.kind, reply.text());
            let said = if streaming { (client.streamed)(&reply) } else { (client.whole)(&reply.json()) };
            (reply, said)
        }
        None => {
            let key = format!("Bearer {ACME}");
            let body = everything_of_chat(streaming).to_string();
            let reply =
                send(gateway.address, "POST", "/v1/chat/completions", &[("authorization", &key)], body.as_bytes());
            assert_eq!(reply.status, 200, "chat at {}: {}", wire.kind, reply.text());
            let said = of_chat(&reply, streaming);
            (reply, said)
        }
    };
    let name = format!("{} at {}: {}", client.map_or("chat", |client| client.name), wire.paths[0], reply.text());
    assert!(reply.clean, "{name}");
    assert_eq!((said.text.as_str(), said.thought.as_str()), ("I look.", "two cities"), "{name}");
    let call = |city: &str| ("weather".to_owned(), json!({ "city": city }));
    assert_eq!(said.calls, [call("Rome"), call("Oslo")], "{name}");
    assert_eq!((said.input, said.output, said.cached), (17, 7, 5), "{name}");
    let told = String::from_utf8(upstream.seen()[0].body.clone()).unwrap();
    for part in ["Be brief.", "Weather?", "iVBORw0KGgo=", "Bern", "rain", "of a city"] {
        assert!(told.contains(part), "{name}: no {part} in {told}");
    }
    let dropped = reply.header("x-weir-dropped").map(str::to_owned).unwrap_or_default();
    assert!(told.contains("answer") || dropped.contains("ormat"), "{name}: {dropped}: {told}");
    dropped
}

#[test]
fn every_client_has_all_of_its_conversation_at_every_provider_as_the_documents_table_says() {
    let clients = [
        ("OpenAI chat", None),
        ("OpenAI responses", CLIENTS.iter().find(|client| client.name == "responses")),
        ("Anthropic", CLIENTS.iter().find(|client| client.name == "messages")),
        ("Gemini", CLIENTS.iter().find(|client| client.name == "gemini")),
        ("Bedrock", CLIENTS.iter().find(|client| client.name == "converse")),
    ];
    let of = |kind: &str| WIRES.iter().find(|wire| wire.kind == kind).unwrap();
    let providers =
        [(&CHAT, false), (&RESPONSES, true), (of("anthropic"), false), (of("gemini"), false), (of("bedrock"), false)];
    let mut table = String::from(
        "| client \\ provider | OpenAI chat | OpenAI responses | Anthropic | Gemini | Bedrock |\n|---|---|---|---|---|---|\n",
    );
    for (name, client) in clients {
        table += &format!("| {name} |");
        for (wire, responses) in providers {
            let (whole, streamed) = (cell(client, wire, responses, false), cell(client, wire, responses, true));
            assert_eq!(whole, streamed, "{name} at {}", wire.kind);
            let lost = if whole.is_empty() { String::new() } else { format!(", but for `{whole}`") };
            table += &format!(" whole and streamed{lost} |");
        }
        table += "\n";
    }
    let file = root().join("docs/dialects.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(found, table, "WEIR_BLESS=1 writes it anew");
}
