//! Ollama's own API: chats of other wires become its requests, and what it was recorded to say is read.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::canon::{
    AnswerContext, ChatAnswer, ChatEvent, ContentBlock, EventCollector, EventDecoder, FieldLosses, RawJson, StopKind,
    StreamState, TargetQuirks, TargetRules, WireEvent,
};
use weir_dialect::ollama::{OllamaDecoder, decode_answer};
use weir_dialect::translate::WirePair;
use weir_dialect::{Vendor, WireFormat};
use weir_recorded::{Recording, Spec, of_endpoint, recording};

use crate::support::hold;

const PAIR: WirePair = WirePair { client: WireFormat::Chat, provider: WireFormat::OllamaChat, vendor: Vendor::Other };

fn rules() -> TargetRules {
    TargetRules {
        model: Arc::from("qwen3:4b"),
        max_output: None,
        vendor: Vendor::Other,
        ask_usage: true,
        quirks: TargetQuirks::default(),
    }
}

fn context() -> AnswerContext {
    AnswerContext { model: Arc::from("m"), id: 7, now: 1, include_usage: true, request: Bytes::new() }
}

fn asked_by(client: WireFormat, body: &Value) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let pair = WirePair { client, ..PAIR };
    let written = pair.request(&body.to_string().into(), &rules(), &mut losses).unwrap();
    (serde_json::from_slice(&written).unwrap(), losses.iter().map(str::to_owned).collect())
}

/// What a question with these members becomes.
fn asked(members: Value) -> (Value, Vec<String>) {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    asked_by(WireFormat::Chat, &body)
}

fn recorded() -> impl Iterator<Item = &'static Recording> {
    of_endpoint("ollama-chat")
}

fn read(lines: impl IntoIterator<Item = Bytes>) -> (Vec<ChatEvent>, StreamState) {
    let (mut decoder, mut out) = (OllamaDecoder::new(), Vec::new());
    for data in lines {
        decoder.take(&WireEvent { name: None, data, exception: false }, &mut out).unwrap();
    }
    let state = decoder.finish(true, &mut out);
    (out, state)
}

fn collected(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = EventCollector::new(WireFormat::OllamaChat);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

fn told(body: &[u8]) -> Value {
    let body = Bytes::copy_from_slice(body);
    serde_json::from_slice(&PAIR.answer(&body, &context(), &mut FieldLosses::default()).unwrap()).unwrap()
}

#[test]
fn every_recorded_answer_is_one_a_client_can_read() {
    hold("ollama answer", recorded().filter(|recording| !recording.is_streamed), |recording| {
        let told = told(&recording.response());
        if let Some(spec) = Spec::openai() {
            spec.answer("/chat/completions", &told).map_err(|faults| format!("{faults:?}"))?;
        }
        let due = recording.response_json().unwrap();
        assert_eq!(told["usage"]["prompt_tokens"], due["prompt_eval_count"]);
        assert_eq!(told["usage"]["completion_tokens"], due["eval_count"]);
        let message = &told["choices"][0]["message"];
        let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(said(&message["content"]), said(&due["message"]["content"]));
        assert_eq!(said(&message["reasoning_content"]), said(&due["message"]["thinking"]));
        let calls = due["message"]["tool_calls"].as_array().cloned().unwrap_or_default();
        for (number, call) in calls.iter().enumerate() {
            let is = &message["tool_calls"][number];
            let input: Value = serde_json::from_str(is["function"]["arguments"].as_str().unwrap()).unwrap();
            assert_eq!((&is["function"]["name"], &input), (&call["function"]["name"], &call["function"]["arguments"]));
        }
        let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
        assert_eq!(told["choices"][0]["finish_reason"], reason);
        Ok(())
    });
}

#[test]
fn every_recorded_stream_is_read_line_by_line() {
    hold("ollama stream", recorded().filter(|recording| recording.is_streamed), |recording| {
        let (events, state) = read(recording.events().iter().map(|event| Bytes::from(event.data.clone())));
        assert_eq!(state, StreamState::Whole);
        let count = |kind: fn(&ChatEvent) -> bool| events.iter().filter(|event| kind(event)).count();
        assert!(matches!(events[0], ChatEvent::Start(_)));
        assert_eq!(
            (count(|event| matches!(event, ChatEvent::Stop { .. })), count(|event| *event == ChatEvent::End)),
            (1, 1)
        );
        let open = count(|event| matches!(event, ChatEvent::Open(..)));
        assert_eq!(open, count(|event| matches!(event, ChatEvent::Close(_))));
        let lines: Vec<Value> =
            recording.events().iter().map(|event| serde_json::from_slice(event.data.as_ref()).unwrap()).collect();
        let said: String = lines.iter().map(|line| line["message"]["content"].as_str().unwrap_or_default()).collect();
        let answer = collected(events);
        let ContentBlock::Text(text) = &answer.choices[0].blocks[0] else { panic!("{answer:?}") };
        assert_eq!(text.text.text(), said);
        let used = answer.usage.unwrap();
        assert_eq!(used.output, lines.last().unwrap()["eval_count"].as_u64());
        Ok(())
    });
}

#[test]
fn calls_that_come_in_two_lines_are_two_calls() {
    let Some(one) = recording("ollama", "rig.streaming_grammar.parallel_tool_calls") else { return };
    let answer = collected(read(one.events().iter().map(|event| Bytes::from(event.data.clone()))).0);
    let names: Vec<_> = answer.choices[0]
        .blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some((call.name.text().into_owned(), call.id.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(names, [("lookup_harbor_label".to_owned(), true), ("lookup_orchard_label".to_owned(), true)]);
    assert_eq!(answer.choices[0].stop.as_ref().unwrap().kind, StopKind::ToolUse, "though the word is `stop`");
}

#[test]
fn every_recorded_chat_becomes_a_request_with_texts_for_contents() {
    for (check, endpoint, client) in [
        ("ollama asked by chat", "chat-completions", WireFormat::Chat),
        ("ollama asked by messages", "messages", WireFormat::Messages),
    ] {
        hold(check, of_endpoint(endpoint), |recording| {
            let Some(body) = recording.request_json() else { return Ok(()) };
            let (written, _) = asked_by(client, &body);
            assert!(written["stream"].is_boolean(), "what is not said is a stream");
            for message in written["messages"].as_array().unwrap() {
                assert!(message["content"].is_string(), "{message}");
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    assert!(call["function"]["arguments"].is_object(), "{call}");
                }
                assert!(message["role"] != "tool" || message["tool_call_id"].is_string(), "{message}");
            }
            Ok(())
        });
    }
}

#[test]
fn a_conversation_keeps_its_turns_calls_and_results() {
    let (written, lost) = asked(json!({
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Weather?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                {"type": "text", "text": "Today."}
            ]},
            {"role": "assistant", "content": null, "reasoning_content": "two cities", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
        ]
    }));
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(
        written["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?\n\nToday.", "images": ["iVBORw0KGgo="]},
            {"role": "assistant", "content": "", "thinking": "two cities", "tool_calls": [
                {"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Bern"}}}
            ]},
            {"role": "tool", "content": "rain", "tool_name": "weather", "tool_call_id": "call_1"}
        ])
    );
    assert_eq!(written["stream"], false);
}

#[test]
fn numbers_and_words_are_options() {
    let (written, lost) = asked(json!({
        "stream": true, "max_tokens": 99, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "seed": 7,
        "presence_penalty": 0.5, "stop": "END", "logprobs": true, "top_logprobs": 3, "keep_alive": "5m",
        "options": {"num_ctx": 8_192, "seed": 8}, "n": 2, "user": "u"
    }));
    assert_eq!(
        written["options"],
        json!({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "seed": 7, "presence_penalty": 0.5, "num_predict": 99,
            "stop": ["END"], "num_ctx": 8_192})
    );
    assert_eq!(
        (&written["stream"], &written["keep_alive"], &written["logprobs"], &written["top_logprobs"]),
        (&json!(true), &json!("5m"), &json!(true), &json!(3))
    );
    assert_eq!(lost, ["n", "user"]);
}

#[test]
fn whether_and_how_much_the_model_is_to_think_is_one_word() {
    for (effort, due) in [
        ("none", json!(false)),
        ("minimal", json!("low")),
        ("low", json!("low")),
        ("medium", json!("medium")),
        ("high", json!("high")),
        ("xhigh", json!("high")),
    ] {
        assert_eq!(asked(json!({"reasoning_effort": effort})).0["think"], due, "{effort}");
    }
    assert_eq!(asked(json!({})).0["think"], Value::Null);
    assert_eq!(asked(json!({"enable_thinking": true})).0["think"], true);
    let budget = json!({"model": "m", "max_tokens": 9_000, "messages": [{"role": "user", "content": "?"}],
        "thinking": {"type": "enabled", "budget_tokens": 8_000}});
    assert_eq!(asked_by(WireFormat::Messages, &budget).0["think"], "medium");
}

#[test]
fn the_form_of_the_answer_is_a_schema_and_tools_that_may_not_be_called_are_not_offered() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema.clone()}});
    assert_eq!(asked(json!({"response_format": format})).0["format"], schema);
    assert_eq!(asked(json!({"response_format": {"type": "json_object"}})).0["format"], "json");

    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    let ask = |choice: Value| {
        let (written, lost) = asked(json!({"tools": [tool("a"), tool("b")], "tool_choice": choice}));
        (written["tools"].as_array().map_or(0, Vec::len), lost)
    };
    assert_eq!(ask(json!("none")), (0, vec![]));
    assert_eq!(ask(json!("auto")), (2, vec![]));
    assert_eq!(ask(json!("required")), (2, vec!["tool_choice".to_owned()]));
    assert_eq!(ask(json!({"type": "function", "function": {"name": "b"}})), (1, vec!["tool_choice".to_owned()]));
}

#[test]
fn a_picture_somewhere_else_is_not_fetched() {
    let picture = json!([{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]);
    let (written, lost) = asked(json!({"messages": [{"role": "user", "content": picture}]}));
    assert_eq!(written["messages"], json!([{"role": "user", "content": "?"}]));
    assert_eq!(lost, ["messages.content.image.url"]);
}

#[test]
fn an_error_in_a_stream_is_a_failure_and_half_an_answer_is_none() {
    let line = |text: &str, done: bool| {
        Bytes::from(json!({"model": "m", "message": {"role": "assistant", "content": text}, "done": done}).to_string())
    };
    let (events, state) = read([line("Hi", false), r#"{"error":"model runner has stopped"}"#.into()]);
    assert_eq!(state, StreamState::Failed);
    let Some(ChatEvent::Failed(failure)) = events.last() else { panic!("{events:?}") };
    assert_eq!(failure.message.text(), "model runner has stopped");
    assert_eq!(read([line("Hi", false)]).1, StreamState::Broken);
    assert_eq!(read([line("Hi", false), line("", true), line("more", false)]).1, StreamState::Whole);
    let body = RawJson::parse(line("Hi", false)).unwrap();
    assert!(decode_answer(&body).is_err(), "a piece of a stream is no answer");
    let mut decoder = OllamaDecoder::new();
    let other = WireEvent { name: None, data: "{\"response\":\"Hi\"}".into(), exception: false };
    assert!(decoder.take(&other, &mut Vec::new()).is_err());
}

#[test]
fn an_answer_of_an_older_version_says_why_it_ends_by_ending() {
    let said = told(br#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"a","arguments":{"b":1}}}]},"done":true}"#);
    let choice = &said["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert!(choice["message"]["tool_calls"][0]["id"].as_str().is_some_and(|id| id.starts_with("call_")), "{said}");
    assert_eq!(said.get("usage"), None, "what nobody counted is not said");
}
