//! Faults that are planted in bodies are found, each where it is.

use serde_json::{Value, json};

use crate::spec::SpecSide::{Answer, Event, Request};
use crate::spec::{Spec, SpecSide};

/// Holds a right body, and that body with one value put in or taken away, against a specification.
struct Planted {
    spec: Option<&'static Spec>,
    side: SpecSide,
    operation: &'static str,
    right: Value,
}

impl Planted {
    fn of(spec: Option<&'static Spec>, side: SpecSide, operation: &'static str, right: Value) -> Self {
        let planted = Self { spec, side, operation, right };
        assert_eq!(planted.told(&planted.right), Vec::<String>::new(), "{operation} {side:?}");
        planted
    }

    fn told(&self, body: &Value) -> Vec<String> {
        let Some(spec) = self.spec else { return Vec::new() };
        let checked = spec.check(self.side, self.operation, body);
        checked.err().into_iter().flatten().map(|fault| fault.to_string()).collect()
    }

    /// With this value at the end of a pointer, or without one: exactly this is told.
    fn tell(&self, at: &str, value: Option<Value>, told: &str) -> &Self {
        let mut body = self.right.clone();
        let (parent, name) = at.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(members), Some(value)) => {
                members.insert(name.to_owned(), value);
            }
            (Value::Object(members), None) => {
                members.remove(name).unwrap();
            }
            (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
            (parent, value) => panic!("{parent} {value:?}"),
        }
        if self.spec.is_some() {
            assert_eq!(self.told(&body), [told], "{} {:?} {at}", self.operation, self.side);
        }
        self
    }
}

#[test]
fn faults_in_chat_completions_are_found() {
    let request = json!({ "model": "m", "messages": [
        { "role": "user", "content": [{ "type": "text", "text": "t" }] },
        { "role": "assistant", "tool_calls": [{ "id": "i", "type": "function", "function": { "name": "n", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "i", "content": "c" }
    ], "tool_choice": "auto" });
    Planted::of(Spec::openai(), Request, "/chat/completions", request)
        .tell("/model", None, r#"/: "model" is missing"#)
        .tell("/top", Some(json!(1)), r#"/: unknown member "top""#)
        .tell("/temperature", Some(json!("hot")), "/temperature: is a string, not number")
        .tell("/reasoning_effort", Some(json!("much")), r#"/reasoning_effort: "much" is none of what it may be"#)
        .tell("/messages/2/tool_call_id", None, r#"/messages/2: "tool_call_id" is missing"#)
        .tell("/messages/0/content/0/text", Some(json!(7)), "/messages/0/content/0/text: is a number, not string")
        .tell(
            "/messages/1/tool_calls/0/function/arguments",
            None,
            r#"/messages/1/tool_calls/0/function: "arguments" is missing"#,
        )
        .tell("/messages/0/role", Some(json!("robot")), r#"/messages/0/role: "robot" is none of what it may be"#);
    let answer = json!({ "id": "i", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        { "index": 0, "finish_reason": "stop", "logprobs": null, "message": { "role": "assistant", "content": "c", "refusal": null, "more": 1 } }
    ] });
    Planted::of(Spec::openai(), Answer, "/chat/completions", answer)
        .tell("/id", None, r#"/: "id" is missing"#)
        .tell("/choices/0/index", Some(json!("0")), "/choices/0/index: is a string, not integer")
        .tell(
            "/choices/0/finish_reason",
            Some(json!("end")),
            r#"/choices/0/finish_reason: "end" is none of what it may be"#,
        )
        .tell("/choices/0/message/content", None, r#"/choices/0/message: "content" is missing"#);
    let event = json!({ "id": "i", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        { "index": 0, "finish_reason": null, "delta": { "content": "c" } }
    ] });
    Planted::of(Spec::openai(), Event, "/chat/completions", event)
        .tell("/object", Some(json!("chat.completion")), r#"/object: "chat.completion" is none of what it may be"#)
        .tell("/choices/0/delta", None, r#"/choices/0: "delta" is missing"#)
        .tell(
            "/choices/0/delta/role",
            Some(json!("robot")),
            r#"/choices/0/delta/role: "robot" is none of what it may be"#,
        );
    Planted::of(
        Spec::openai(),
        Answer,
        "error",
        json!({ "error": { "message": "m", "type": "t", "code": null, "param": null } }),
    )
    .tell("/error/message", None, r#"/error: "message" is missing"#);
}

#[test]
fn faults_in_responses_are_found() {
    let request = json!({ "model": "m", "input": [{ "role": "user", "content": "c" }], "store": true });
    Planted::of(Spec::openai(), Request, "/responses", request)
        .tell("/messages", Some(json!([])), r#"/: unknown member "messages""#)
        .tell("/max_output_tokens", Some(json!("9")), "/max_output_tokens: is a string, not integer")
        .tell("/truncation", Some(json!("some")), r#"/truncation: "some" is none of what it may be"#);
    let event = json!({ "type": "response.output_text.delta", "sequence_number": 1, "item_id": "i", "output_index": 0,
        "content_index": 0, "delta": "d", "logprobs": [] });
    Planted::of(Spec::openai(), Event, "/responses", event)
        .tell("/delta", None, r#"/: "delta" is missing"#)
        .tell("/output_index", Some(json!("0")), "/output_index: is a string, not integer")
        .tell("/type", Some(json!("response.told")), r#"/type: "response.told" is none of what it may be"#);
}

#[test]
fn faults_in_messages_are_found() {
    for spec in [Spec::anthropic(), Spec::anthropic_beta()] {
        let request = json!({ "model": "m", "max_tokens": 1, "stream": true, "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "t" }] },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "i", "name": "n", "input": {} }] },
        ] });
        Planted::of(spec, Request, "/v1/messages", request)
            .tell("/max_tokens", None, r#"/: "max_tokens" is missing"#)
            .tell("/n", Some(json!(1)), r#"/: unknown member "n""#)
            .tell("/max_tokens", Some(json!("1")), "/max_tokens: is a string, not integer")
            .tell("/messages/0/content/0/id", Some(json!("i")), r#"/messages/0/content/0: unknown member "id""#)
            .tell("/messages/1/content/0/id", None, r#"/messages/1/content/0: "id" is missing"#)
            .tell(
                "/tool_choice",
                Some(json!({ "type": "must" })),
                r#"/tool_choice/type: "must" is none of what it may be"#,
            );
        let answer = json!({ "id": "i", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "stop_sequence": null, "content": [{ "type": "text", "text": "t", "citations": null }],
            "usage": { "input_tokens": 1, "output_tokens": 1 } });
        Planted::of(spec, Answer, "/v1/messages", answer)
            .tell("/usage", None, r#"/: "usage" is missing"#)
            .tell("/stop_reason", Some(json!("stop")), r#"/stop_reason: "stop" is none of what it may be"#)
            .tell("/content/0/text", Some(json!(null)), "/content/0/text: is null, not string");
        let event =
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "t" } });
        Planted::of(spec, Event, "/v1/messages", event)
            .tell("/index", None, r#"/: "index" is missing"#)
            .tell("/delta/type", Some(json!("texts")), r#"/delta/type: "texts" is none of what it may be"#)
            .tell("/delta/text", Some(json!(1)), "/delta/text: is a number, not string");
        let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "m" } });
        Planted::of(spec, Event, "/v1/messages", error).tell("/error/message", None, r#"/error: "message" is missing"#);
    }
    Planted::of(
        Spec::anthropic(),
        Answer,
        "error",
        json!({ "type": "error", "request_id": null, "error": { "type": "api_error", "message": "m" } }),
    )
    .tell("/error/type", Some(json!("no_error")), r#"/error/type: "no_error" is none of what it may be"#);
}

#[test]
fn faults_in_generate_content_are_found() {
    for spec in [Spec::gemini(), Spec::vertex()] {
        let request = json!({ "contents": [{ "role": "user", "parts": [{ "text": "t" }, { "inline_data": { "mimeType": "image/png", "data": "AA==" } }] }],
            "generationConfig": { "maxOutputTokens": 1 }, "tools": [{ "functionDeclarations": [{ "name": "n", "description": "d" }] }] });
        Planted::of(spec, Request, "generateContent", request)
            .tell("/contents", None, r#"/: "contents" is missing"#)
            .tell("/messages", Some(json!([])), r#"/: unknown member "messages""#)
            .tell("/generationConfig/max_tokens", Some(json!(1)), r#"/generationConfig: unknown member "maxTokens""#)
            .tell(
                "/generationConfig/maxOutputTokens",
                Some(json!("many")),
                "/generationConfig/maxOutputTokens: is a string, not integer",
            )
            .tell("/contents/0/parts/0/text", Some(json!(1)), "/contents/0/parts/0/text: is a number, not string")
            .tell("/tools/0/functionDeclarations/0/name", None, r#"/tools/0/functionDeclarations/0: "name" is missing"#)
            .tell(
                "/toolConfig",
                Some(json!({ "functionCallingConfig": { "mode": "MUST" } })),
                r#"/toolConfig/functionCallingConfig/mode: "MUST" is none of what it may be"#,
            );
        let answer = json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "t" }] }, "finishReason": "STOP" }],
            "usageMetadata": { "promptTokenCount": 1 } });
        for side in [Answer, Event] {
            Planted::of(spec, side, "generateContent", answer.clone())
                .tell(
                    "/candidates/0/finishReason",
                    Some(json!("DONE")),
                    r#"/candidates/0/finishReason: "DONE" is none of what it may be"#,
                )
                .tell("/candidates", Some(json!({})), "/candidates: is an object, not array")
                .tell(
                    "/usageMetadata/promptTokenCount",
                    Some(json!(1.5)),
                    "/usageMetadata/promptTokenCount: is a number, not integer",
                );
        }
    }
    let both = json!({ "contents": [{ "parts": [{ "text": "t" }] }] });
    Planted::of(Spec::gemini(), Request, "generateContent", both).tell(
        "/contents/0/parts/0/inlineData",
        Some(json!({})),
        r#"/contents/0/parts/0: has ["inlineData", "text"], of which there is one at most"#,
    );
    Planted::of(Spec::gemini(), Answer, "error", json!({ "error": { "code": 400, "message": "m", "status": "S" } }))
        .tell("/error/status", None, r#"/error: "status" is missing"#);
}

#[test]
fn faults_in_converse_are_found() {
    let request = json!({ "messages": [{ "role": "user", "content": [{ "text": "t" }] }], "inferenceConfig": { "maxTokens": 1 },
        "toolConfig": { "tools": [{ "toolSpec": { "name": "n", "inputSchema": { "json": { "type": "object" } } } }] } });
    Planted::of(Spec::bedrock(), Request, "Converse", request)
        .tell("/model", Some(json!("m")), r#"/: unknown member "model""#)
        .tell("/messages/0/role", None, r#"/messages/0: "role" is missing"#)
        .tell("/messages/0/role", Some(json!("robot")), r#"/messages/0/role: "robot" is none of what it may be"#)
        .tell("/messages/0/content/0/json", Some(json!("t")), r#"/messages/0/content/0: unknown member "json""#)
        .tell("/messages/0/content/0", Some(json!({})), "/messages/0/content/0: has 0 members of a union, not one")
        .tell("/inferenceConfig/maxTokens", Some(json!(1.5)), "/inferenceConfig/maxTokens: is a number, not integer")
        .tell("/toolConfig/tools", Some(json!([])), "/toolConfig/tools: has a length of 0, which is out of bounds");
    let answer = json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "t" }] } }, "stopReason": "end_turn",
        "usage": { "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 }, "metrics": { "latencyMs": 1 } });
    Planted::of(Spec::bedrock(), Answer, "Converse", answer)
        .tell("/stopReason", None, r#"/: "stopReason" is missing"#)
        .tell("/stopReason", Some(json!("stop")), r#"/stopReason: "stop" is none of what it may be"#)
        .tell("/usage/inputTokens", Some(json!("1")), "/usage/inputTokens: is a string, not integer");
    let event = json!({ "contentBlockDelta": { "contentBlockIndex": 0, "delta": { "text": "t" } } });
    Planted::of(Spec::bedrock(), Event, "Converse", event)
        .tell("/contentBlockDelta/contentBlockIndex", None, r#"/contentBlockDelta: "contentBlockIndex" is missing"#)
        .tell("/contentBlockDelta/delta/text", Some(json!(1)), "/contentBlockDelta/delta/text: is a number, not string")
        .tell("/messageStop", Some(json!({ "stopReason": "end_turn" })), "/: is not one event");
}

#[test]
fn faults_in_cohere_chat_are_found() {
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "c" }, { "role": "tool", "tool_call_id": "i", "content": "c" }] });
    Planted::of(Spec::cohere(), Request, "/v2/chat", request)
        .tell("/messages", None, r#"/: "messages" is missing"#)
        .tell("/top_p", Some(json!(1)), r#"/: unknown member "top_p""#)
        .tell("/messages/1/tool_call_id", None, r#"/messages/1: "tool_call_id" is missing"#)
        .tell("/tool_choice", Some(json!("auto")), r#"/tool_choice: "auto" is none of what it may be"#)
        .tell("/max_tokens", Some(json!("1")), "/max_tokens: is a string, not integer");
    let answer = json!({ "id": "i", "finish_reason": "COMPLETE", "message": { "role": "assistant", "content": [{ "type": "text", "text": "t" }] } });
    Planted::of(Spec::cohere(), Answer, "/v2/chat", answer).tell("/id", None, r#"/: "id" is missing"#).tell(
        "/message/content/0/text",
        Some(json!(1)),
        "/message/content/0/text: is a number, not string",
    );
    let event = json!({ "type": "content-delta", "index": 0, "delta": { "message": { "content": { "text": "t" } } } });
    Planted::of(Spec::cohere(), Event, "/v2/chat", event)
        .tell("/index", Some(json!("0")), "/index: is a string, not integer")
        .tell("/type", Some(json!("content-told")), r#"/type: "content-told" is none of what it may be"#);
}

#[test]
fn faults_in_mistrals_chat_are_found() {
    let call = json!({ "id": "i", "function": { "name": "n", "arguments": "{}" } });
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "c" }, { "role": "assistant", "tool_calls": [call] }] });
    Planted::of(Spec::mistral(), Request, "/v1/chat/completions", request)
        .tell("/model", None, r#"/: "model" is missing"#)
        .tell("/max_completion_tokens", Some(json!(1)), r#"/: unknown member "max_completion_tokens""#)
        .tell(
            "/messages/1/tool_calls/0/function/name",
            None,
            r#"/messages/1/tool_calls/0/function: "name" is missing"#,
        );
    let event = json!({ "id": "i", "model": "m", "choices": [{ "index": 0, "delta": { "content": "c" }, "finish_reason": null }] });
    Planted::of(Spec::mistral(), Event, "/v1/chat/completions", event)
        .tell("/choices/0/index", Some(json!("0")), "/choices/0/index: is a string, not integer")
        .tell("/choices/0/delta", None, r#"/choices/0: "delta" is missing"#);
}
