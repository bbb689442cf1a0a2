//! The demo provider in each of the dialects that it can be asked in: what a client asks and reads is the same.

use crate::support::{ACME, Gateway, TENANTS, post, until};
use serde_json::{Value, json};

/// What `speaks` can be.
const SPOKEN: [&str; 5] = ["openai", "responses", "anthropic", "gemini", "bedrock"];

/// A gateway with a model for each dialect, by its name.
fn gateway() -> Gateway {
    let tables = SPOKEN.map(|word| {
        format!("[providers.{word}]\nkind = \"demo\"\nspeaks = \"{word}\"\n[models.{word}]\ntargets = [\"{word}/m\"]\n")
    });
    let server = "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
    Gateway::start(&[server, &tables.concat(), TENANTS].concat())
}

/// What the client reads of an answer, be it whole or a stream.
#[derive(Debug, PartialEq)]
struct Read {
    content: String,
    thoughts: String,
    /// Names and arguments.
    calls: Vec<(String, Value)>,
    reason: String,
    usage: [u64; 2],
}

fn usage(said: &Value) -> [u64; 2] {
    ["prompt_tokens", "completion_tokens"].map(|half| said[half].as_u64().unwrap_or_else(|| panic!("{said}")))
}

/// Asks for a whole answer, and for a stream of the same, which are to say the same.
fn ask(gateway: &Gateway, model: &str, mut body: Value) -> Read {
    body["model"] = model.into();
    let reply = post(gateway.address, ACME, &body.to_string());
    assert_eq!(reply.status, 200, "{model}: {}", reply.text());
    let (answer, message) = (reply.json(), reply.json()["choices"][0]["message"].clone());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let call = |call: &Value| {
        let of = |name: &str| text(&call["function"][name]);
        (of("name"), serde_json::from_str(&of("arguments")).unwrap())
    };
    let whole = Read {
        content: text(&message["content"]),
        thoughts: text(&message["reasoning_content"]),
        calls: message["tool_calls"].as_array().into_iter().flatten().map(call).collect(),
        reason: text(&answer["choices"][0]["finish_reason"]),
        usage: usage(&answer["usage"]),
    };
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    let reply = post(gateway.address, ACME, &body.to_string());
    assert!(reply.status == 200 && reply.clean, "{model}: {}", reply.text());
    assert_eq!(streamed(&reply.events()), whole, "{model}");
    whole
}

fn streamed(events: &[String]) -> Read {
    let mut read =
        Read { content: String::new(), thoughts: String::new(), calls: vec![], reason: String::new(), usage: [0; 2] };
    let mut inputs: Vec<(String, String)> = Vec::new();
    assert_eq!(events.last().unwrap(), "[DONE]");
    for event in &events[..events.len() - 1] {
        let event: Value = serde_json::from_str(event).unwrap();
        if event["usage"].is_object() {
            read.usage = usage(&event["usage"]);
        }
        let Some(choice) = event["choices"].get(0) else { continue };
        let (delta, text) = (&choice["delta"], |value: &Value| value.as_str().unwrap_or_default().to_owned());
        read.content += &text(&delta["content"]);
        read.thoughts += &text(&delta["reasoning_content"]);
        read.reason += &text(&choice["finish_reason"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            if call["id"].is_string() {
                inputs.push((text(&call["function"]["name"]), String::new()));
            }
            inputs[call["index"].as_u64().unwrap() as usize].1 += &text(&call["function"]["arguments"]);
        }
    }
    read.calls = inputs.into_iter().map(|(name, input)| (name, serde_json::from_str(&input).unwrap())).collect();
    read
}

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

/// A request with two tools.
fn with_tools(mut body: Value) -> Value {
    let tool = |name: &str, argument: &str| {
        let parameters = json!({"type": "object", "properties": {argument: {"type": "string"}, "more": {"type": "string"}}, "required": [argument]});
        json!({"type": "function", "function": {"name": name, "description": "d", "parameters": parameters}})
    };
    body["tools"] = json!([tool("get_weather", "city"), tool("get_time", "zone")]);
    body
}

#[test]
fn the_demo_provider_repeats_what_it_is_asked_in_every_dialect() {
    let gateway = gateway();
    for model in SPOKEN {
        let read = ask(&gateway, model, user("Hello there.\nWhom do I contact?"));
        let said = "You said: Hello there.\nWhom do I contact? Write to help@example.com or call +1 415 555 0132.";
        assert_eq!((read.content.as_str(), read.reason.as_str()), (said, "stop"), "{model}");
        assert_eq!((read.usage, read.calls.len()), ([6, 17], 0), "{model}");
        // OpenAI's Responses takes no bound below 16.
        let mut short = user(&"word ".repeat(20));
        short["max_tokens"] = 16.into();
        let read = ask(&gateway, model, short);
        let kept = format!("You said:{}", " word".repeat(14));
        assert_eq!((read.content, read.reason.as_str()), (kept, "length"), "{model}");
    }
    let whole =
        |model: &str| gateway.metric("weir_tokens_total", &["direction=\"output\"", &format!("provider=\"{model}\"")]);
    until("all is counted", || SPOKEN.iter().all(|model| whole(model) == 66.0).then_some(()));
}

#[test]
fn the_demo_provider_calls_the_tools_that_are_named_and_says_what_they_answered() {
    let gateway = gateway();
    for model in SPOKEN {
        let question = "Please call get_weather for \"Rome\", and get_time.";
        let read = ask(&gateway, model, with_tools(user(question)));
        let due =
            [("get_weather".to_owned(), json!({"city": "Rome"})), ("get_time".to_owned(), json!({"zone": "Rome"}))];
        assert_eq!((read.calls.as_slice(), read.reason.as_str()), (due.as_slice(), "tool_calls"), "{model}");
        assert_eq!(ask(&gateway, model, with_tools(user("The weather, please."))).calls, [], "{model}");

        let mut forced = with_tools(user("The weather, please."));
        forced["tool_choice"] = json!({"type": "function", "function": {"name": "get_weather"}});
        let read = ask(&gateway, model, forced.clone());
        assert_eq!(read.calls, [("get_weather".to_owned(), json!({"city": "city"}))], "{model}");

        let call = json!({"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}});
        let turns = forced["messages"].as_array_mut().unwrap();
        turns.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
        turns.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "sun, 25 degrees"}));
        let read = ask(&gateway, model, forced);
        assert_eq!(
            (read.content.as_str(), read.reason.as_str()),
            ("get_weather said: sun, 25 degrees", "stop"),
            "{model}"
        );
    }
}

#[test]
fn the_demo_provider_answers_in_the_form_that_is_asked_for() {
    let gateway = gateway();
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["name", "age", "tags"],
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}
    });
    let mut body = user("Who is \"Ada\"?");
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "person", "strict": true, "schema": schema}});
    // Bedrock has no such thing for every model, and the client is told.
    for model in SPOKEN.iter().filter(|model| **model != "bedrock") {
        let read = ask(&gateway, model, body.clone());
        let made: Value =
            serde_json::from_str(&read.content).unwrap_or_else(|e| panic!("{model}: {e}: {}", read.content));
        assert_eq!(made, json!({"name": "Ada", "age": 1, "tags": ["tags"]}), "{model}");
    }
    body["model"] = "bedrock".into();
    let reply = post(gateway.address, ACME, &body.to_string());
    assert_eq!((reply.status, reply.header("x-weir-dropped")), (200, Some("response_format")));
}

#[test]
fn the_demo_provider_thinks_where_that_is_asked_for() {
    let gateway = gateway();
    for model in SPOKEN {
        let mut body = user("Hello there");
        body["reasoning_effort"] = "low".into();
        let read = ask(&gateway, model, body);
        // OpenAI's Responses and Gemini show nothing of it unless they are asked to.
        let thought = "The user wrote 2 words, and I repeat them.";
        let shown = if ["responses", "gemini"].contains(&model) { "" } else { thought };
        assert_eq!((read.content.as_str(), read.thoughts.as_str()), ("You said: Hello there", shown), "{model}");
        assert_eq!(read.usage, [2, 13], "{model}");
    }
}
