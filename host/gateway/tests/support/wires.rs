//! Upstreams that speak another dialect than OpenAI's: one answer each, with text, thoughts and two tool calls, whole and streamed.

use super::upstream::{END, STREAM, Upstream, ok};
use serde_json::{Value, json};
use std::io::Write;
use weir_http::event_message::EventMessage;

/// How a provider is configured, and what it says.
pub struct Wire {
    /// The configuration's `kind`.
    pub kind: &'static str,
    /// Where it is asked, whole and streamed, for the model `their-model`.
    pub paths: [&'static str; 2],
    /// The header that carries the key, and what stands before the key in it.
    pub key: (&'static str, &'static str),
    pub whole: fn() -> Value,
    events: fn(&str, [&str; 2]) -> Vec<Vec<u8>>,
    /// The media type of its streams.
    pub media_type: &'static str,
    /// An error in the midst of a stream.
    pub error_event: fn() -> Vec<u8>,
    /// What is said against a request with the status 400.
    pub against: fn() -> Value,
}

impl Wire {
    /// An upstream that answers whole, or streams where that is asked for.
    pub fn upstream(&self) -> Upstream {
        let (whole, streamed) = ((self.whole)().to_string(), self.stream(&self.events()));
        let (streams, names_stream) = (self.paths[1], self.paths[0] == self.paths[1]);
        Upstream::start(move |_, seen, stream| {
            let target = seen.head.split(' ').nth(1).unwrap();
            let streaming = if names_stream { seen.json()["stream"] == true } else { target == streams };
            if !streaming {
                return stream.write_all(&ok("application/json", &whole)).is_ok();
            }
            stream.write_all(&streamed).is_ok()
        })
    }

    /// The events of a stream that says what `whole` does.
    pub fn events(&self) -> Vec<Vec<u8>> {
        (self.events)("two cities", ["I ", "look."])
    }

    /// The same with an address of mail in its thoughts, and one in its text, cut in two.
    pub fn events_with_addresses(&self) -> Vec<Vec<u8>> {
        (self.events)("ada@example.org", ["bob@exam", "ple.org"])
    }

    /// A response that is a stream of these events, and ends well.
    pub fn stream(&self, events: &[Vec<u8>]) -> Vec<u8> {
        let head = String::from_utf8(STREAM.to_vec()).unwrap().replace("text/event-stream", self.media_type);
        let chunks =
            events.iter().flat_map(|event| [format!("{:x}\r\n", event.len()).as_bytes(), event, b"\r\n"].concat());
        [head.into_bytes(), chunks.collect(), END.to_vec()].concat()
    }
}

/// One that speaks as most do.
pub const CHAT: Wire = Wire {
    kind: "openai",
    paths: ["/v1/chat/completions", "/v1/chat/completions"],
    key: ("authorization", "Bearer "),
    whole: chat_whole,
    events: chat_events,
    media_type: "text/event-stream",
    error_event: || {
        data(&json!({"error": {"message": "Overloaded", "type": "server_error", "code": null, "param": null}}))
    },
    against: || json!({"error": {"message": "too many cooks", "type": "invalid_request_error", "param": null, "code": null}}),
};

/// One that has OpenAI's Responses.
pub const RESPONSES: Wire = Wire {
    kind: "openai",
    paths: ["/v1/responses", "/v1/responses"],
    key: ("authorization", "Bearer "),
    whole: responses_whole,
    events: responses_events,
    media_type: "text/event-stream",
    error_event: || {
        named(
            &json!({"type": "error", "sequence_number": 3, "code": "server_error", "message": "Overloaded", "param": null}),
        )
    },
    against: CHAT.against,
};

pub const WIRES: [Wire; 5] = [
    Wire {
        kind: "anthropic",
        paths: ["/v1/messages", "/v1/messages"],
        key: ("x-api-key", ""),
        whole: messages_whole,
        events: messages_events,
        media_type: "text/event-stream",
        error_event: || {
            named(&json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
        },
        against: || json!({"type": "error", "error": {"type": "invalid_request_error", "message": "too many cooks"}}),
    },
    Wire {
        kind: "gemini",
        paths: [
            "/v1beta/models/their-model:generateContent",
            "/v1beta/models/their-model:streamGenerateContent?alt=sse",
        ],
        key: ("x-goog-api-key", ""),
        whole: gemini_whole,
        events: gemini_events,
        media_type: "text/event-stream",
        error_event: || data(&json!({"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}})),
        against: || json!({"error": {"code": 400, "message": "too many cooks", "status": "INVALID_ARGUMENT"}}),
    },
    Wire {
        kind: "bedrock",
        paths: ["/model/their-model/converse", "/model/their-model/converse-stream"],
        key: ("authorization", "Bearer "),
        whole: converse_whole,
        events: converse_events,
        media_type: "application/vnd.amazon.eventstream",
        error_event: || {
            let said = json!({"message": "Overloaded"}).to_string();
            EventMessage::exception("throttlingException", said.as_bytes()).unwrap().raw().to_vec()
        },
        against: || json!({"message": "too many cooks"}),
    },
    Wire {
        kind: "cohere",
        paths: ["/v2/chat", "/v2/chat"],
        key: ("authorization", "Bearer "),
        whole: cohere_whole,
        events: cohere_events,
        media_type: "text/event-stream",
        error_event: || {
            named(&json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "Overloaded"}}))
        },
        against: || json!({"id": "1", "message": "too many cooks"}),
    },
    Wire {
        kind: "ollama",
        paths: ["/api/chat", "/api/chat"],
        key: ("authorization", "Bearer "),
        whole: ollama_whole,
        events: ollama_events,
        media_type: "application/x-ndjson",
        error_event: || line(&json!({"error": "Overloaded"})),
        against: || json!({"error": "too many cooks"}),
    },
];

fn line(event: &Value) -> Vec<u8> {
    format!("{event}\n").into_bytes()
}

fn data(event: &Value) -> Vec<u8> {
    format!("data: {event}\n\n").into_bytes()
}

fn named(event: &Value) -> Vec<u8> {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()).into_bytes()
}

fn chat_usage() -> Value {
    json!({
        "prompt_tokens": 17, "completion_tokens": 7, "total_tokens": 24,
        "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 2}
    })
}

fn chat_call(id: &str, city: &str) -> Value {
    let arguments = json!({"city": city}).to_string();
    json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
}

fn chat_whole() -> Value {
    let message = json!({
        "role": "assistant", "content": "I look.", "refusal": null, "reasoning_content": "two cities",
        "tool_calls": [chat_call("call_1", "Rome"), chat_call("call_2", "Oslo")]
    });
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "their-model",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": null}],
        "usage": chat_usage()
    })
}

fn chat_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let chunk = |delta: Value, reason: Value| {
        data(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "their-model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]
        }))
    };
    let call = |index: u32, function: Value| {
        let mut call = json!({"index": index, "function": function});
        if function.get("name").is_some() {
            call["id"] = format!("call_{}", index + 1).into();
            call["type"] = "function".into();
        }
        chunk(json!({"tool_calls": [call]}), Value::Null)
    };
    vec![
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"reasoning_content": thought}), Value::Null),
        chunk(json!({"content": text[0]}), Value::Null),
        chunk(json!({"content": text[1]}), Value::Null),
        call(0, json!({"name": "weather", "arguments": ""})),
        call(0, json!({"arguments": "{\"city\": "})),
        call(0, json!({"arguments": "\"Rome\"}"})),
        call(1, json!({"name": "weather", "arguments": "{\"city\":\"Oslo\"}"})),
        chunk(json!({}), "tool_calls".into()),
        data(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "their-model",
            "choices": [], "usage": chat_usage()
        })),
        b"data: [DONE]\n\n".to_vec(),
    ]
}

fn responses_items(thought: &str, text: &str) -> [Value; 4] {
    let call = |n: u32, city: &str| {
        json!({
            "type": "function_call", "id": format!("fc_{n}"), "call_id": format!("call_{n}"), "name": "weather",
            "arguments": json!({"city": city}).to_string(), "status": "completed"
        })
    };
    let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    [
        json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": thought}], "status": "completed"}),
        json!({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}),
        call(1, "Rome"),
        call(2, "Oslo"),
    ]
}

fn response(status: &str, output: Value, usage: Value) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": null,
        "incomplete_details": null, "model": "their-model", "output": output, "usage": usage
    })
}

fn responses_usage() -> Value {
    json!({
        "input_tokens": 17, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 24
    })
}

fn responses_whole() -> Value {
    response("completed", responses_items("two cities", "I look.").to_vec().into(), responses_usage())
}

fn responses_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let items = responses_items(thought, &text.concat());
    let at = |index: usize, mut event: Value| {
        event["output_index"] = index.into();
        event["item_id"] = items[index]["id"].clone();
        event
    };
    let mut events =
        vec![json!({"type": "response.created", "response": response("in_progress", json!([]), Value::Null)})];
    for (index, item) in items.iter().enumerate() {
        let mut begun = item.clone();
        begun["status"] = "in_progress".into();
        for (member, empty) in [("summary", json!([])), ("content", json!([])), ("arguments", "".into())] {
            if begun[member].is_array() || begun[member].is_string() {
                begun[member] = empty;
            }
        }
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": begun}));
        match index {
            0 => {
                let mut of = |event: Value| {
                    let mut event = at(0, event);
                    event["summary_index"] = 0.into();
                    events.push(event);
                };
                let part = |text: &str| json!({"type": "summary_text", "text": text});
                of(json!({"type": "response.reasoning_summary_part.added", "part": part("")}));
                of(json!({"type": "response.reasoning_summary_text.delta", "delta": thought}));
                of(json!({"type": "response.reasoning_summary_text.done", "text": thought}));
                of(json!({"type": "response.reasoning_summary_part.done", "part": part(thought)}));
            }
            1 => {
                let mut of = |event: Value| {
                    let mut event = at(1, event);
                    event["content_index"] = 0.into();
                    events.push(event);
                };
                let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
                of(json!({"type": "response.content_part.added", "part": part("")}));
                for piece in text {
                    of(json!({"type": "response.output_text.delta", "delta": piece, "logprobs": []}));
                }
                of(json!({"type": "response.output_text.done", "text": text.concat(), "logprobs": []}));
                of(json!({"type": "response.content_part.done", "part": part(&text.concat())}));
            }
            _ => {
                let arguments = item["arguments"].as_str().unwrap();
                for piece in [&arguments[..4], &arguments[4..]] {
                    events.push(at(index, json!({"type": "response.function_call_arguments.delta", "delta": piece})));
                }
                events
                    .push(at(index, json!({"type": "response.function_call_arguments.done", "arguments": arguments})));
            }
        }
        events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    let whole = response("completed", items.to_vec().into(), responses_usage());
    events.push(json!({"type": "response.completed", "response": whole}));
    numbered(events)
}

/// The events of a stream of Responses, which says of each which it is.
fn numbered(mut events: Vec<Value>) -> Vec<Vec<u8>> {
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events.iter().map(named).collect()
}

fn messages_whole() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "their-model",
        "content": [
            {"type": "thinking", "thinking": "two cities", "signature": "c2ln"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}},
            {"type": "tool_use", "id": "toolu_2", "name": "weather", "input": {"city": "Oslo"}}
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 7}
    })
}

fn messages_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let start =
        |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
    let tool = |id: &str| json!({"type": "tool_use", "id": id, "name": "weather", "input": {}});
    let input = |index, piece: &str| delta(index, json!({"type": "input_json_delta", "partial_json": piece}));
    let usage =
        json!({"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2, "output_tokens": 1});
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "their-model", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage
    });
    [
        json!({"type": "message_start", "message": message}),
        json!({"type": "ping"}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": thought})),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        start(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": text[0]})),
        delta(1, json!({"type": "text_delta", "text": text[1]})),
        stop(1),
        start(2, tool("toolu_1")),
        input(2, ""),
        input(2, "{\"city\": "),
        input(2, "\"Rome\"}"),
        stop(2),
        start(3, tool("toolu_2")),
        input(3, "{\"city\":\"Oslo\"}"),
        stop(3),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]
    .iter()
    .map(named)
    .collect()
}

fn gemini_call(city: &str) -> Value {
    json!({"functionCall": {"name": "weather", "args": {"city": city}}})
}

fn gemini_usage() -> Value {
    json!({
        "promptTokenCount": 17, "cachedContentTokenCount": 5, "candidatesTokenCount": 5, "thoughtsTokenCount": 2,
        "totalTokenCount": 24
    })
}

fn gemini_chunk(parts: Value, reason: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
    if let Some(reason) = reason {
        candidate["finishReason"] = reason.into();
    }
    json!({"candidates": [candidate], "usageMetadata": gemini_usage(), "modelVersion": "their-model", "responseId": "r1"})
}

fn gemini_whole() -> Value {
    let thought = json!({"text": "two cities", "thought": true});
    let parts = json!([thought, {"text": "I look."}, gemini_call("Rome"), gemini_call("Oslo")]);
    gemini_chunk(parts, Some("STOP"))
}

fn gemini_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    [
        gemini_chunk(json!([{"text": thought, "thought": true}]), None),
        gemini_chunk(json!([{"text": text[0]}]), None),
        gemini_chunk(json!([{"text": text[1]}]), None),
        gemini_chunk(json!([gemini_call("Rome"), gemini_call("Oslo")]), Some("STOP")),
    ]
    .iter()
    .map(data)
    .collect()
}

fn converse_usage() -> Value {
    json!({
        "inputTokens": 10, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 2, "outputTokens": 7, "totalTokens": 24
    })
}

fn converse_whole() -> Value {
    let call = |id: &str, city: &str| json!({"toolUse": {"toolUseId": id, "name": "weather", "input": {"city": city}}});
    let thought = json!({"reasoningContent": {"reasoningText": {"text": "two cities", "signature": "c2ln"}}});
    let content = json!([thought, {"text": "I look."}, call("tooluse_1", "Rome"), call("tooluse_2", "Oslo")]);
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use", "usage": converse_usage(), "metrics": {"latencyMs": 7}
    })
}

fn converse_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let delta = |index: u32, delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
    let stop = |index: u32| ("contentBlockStop", json!({"contentBlockIndex": index}));
    let tool = |index: u32, id: &str| {
        let start = json!({"toolUse": {"toolUseId": id, "name": "weather"}});
        ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
    };
    let input = |index: u32, piece: &str| delta(index, json!({"toolUse": {"input": piece}}));
    [
        ("messageStart", json!({"role": "assistant"})),
        delta(0, json!({"reasoningContent": {"text": thought}})),
        delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
        stop(0),
        delta(1, json!({"text": text[0]})),
        delta(1, json!({"text": text[1]})),
        stop(1),
        tool(2, "tooluse_1"),
        input(2, "{\"city\": "),
        input(2, "\"Rome\"}"),
        stop(2),
        tool(3, "tooluse_2"),
        input(3, "{\"city\":\"Oslo\"}"),
        stop(3),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": converse_usage(), "metrics": {"latencyMs": 7}})),
    ]
    .iter()
    .map(|(kind, event)| EventMessage::event(kind, event.to_string().as_bytes()).unwrap().raw().to_vec())
    .collect()
}

fn cohere_usage() -> Value {
    json!({"billed_units": {"input_tokens": 3, "output_tokens": 5}, "tokens": {"input_tokens": 17, "output_tokens": 7}, "cached_tokens": 5})
}

fn cohere_whole() -> Value {
    let call = |id: &str, input: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": input}});
    json!({
        "id": "c1", "finish_reason": "TOOL_CALL", "usage": cohere_usage(),
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "two cities"}, {"type": "text", "text": "I look."}],
            "tool_calls": [call("weather_1", "{\"city\": \"Rome\"}"), call("weather_2", "{\"city\":\"Oslo\"}")]
        }
    })
}

fn cohere_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let event =
        |kind: &str, index: u32, message: Value| json!({"type": kind, "index": index, "delta": {"message": message}});
    let content = |kind: &str, index, content: Value| event(kind, index, json!({"content": content}));
    let end = |kind: &str, index: u32| json!({"type": kind, "index": index});
    let start = |index, id: &str| {
        let function = json!({"name": "weather", "arguments": ""});
        event("tool-call-start", index, json!({"tool_calls": {"id": id, "type": "function", "function": function}}))
    };
    let input =
        |index, piece: &str| event("tool-call-delta", index, json!({"tool_calls": {"function": {"arguments": piece}}}));
    [
        json!({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant", "content": []}}}),
        content("content-start", 0, json!({"type": "thinking", "thinking": ""})),
        content("content-delta", 0, json!({"thinking": thought})),
        end("content-end", 0),
        content("content-start", 1, json!({"type": "text", "text": ""})),
        content("content-delta", 1, json!({"text": text[0]})),
        content("content-delta", 1, json!({"text": text[1]})),
        end("content-end", 1),
        start(0, "weather_1"),
        input(0, "{\"city\": "),
        input(0, "\"Rome\"}"),
        end("tool-call-end", 0),
        start(1, "weather_2"),
        input(1, "{\"city\":\"Oslo\"}"),
        end("tool-call-end", 1),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": cohere_usage()}}),
    ]
    .iter()
    .map(named)
    .collect()
}

fn ollama_call(city: &str) -> Value {
    json!({"function": {"name": "weather", "arguments": {"city": city}}})
}

/// An object of Ollama's: the last one with what was used, or all there is.
fn ollama_object(message: Value, done: bool) -> Value {
    let mut object =
        json!({"model": "their-model", "created_at": "2026-08-05T08:10:56.372032Z", "message": message, "done": done});
    if done {
        object["done_reason"] = "stop".into();
        object["prompt_eval_count"] = 17.into();
        object["eval_count"] = 7.into();
    }
    object
}

fn ollama_whole() -> Value {
    let calls = json!([ollama_call("Rome"), ollama_call("Oslo")]);
    let message = json!({"role": "assistant", "content": "I look.", "thinking": "two cities", "tool_calls": calls});
    ollama_object(message, true)
}

fn ollama_events(thought: &str, text: [&str; 2]) -> Vec<Vec<u8>> {
    let said = |member: &str, value: Value| {
        let mut message = json!({"role": "assistant", "content": ""});
        message[member] = value;
        ollama_object(message, false)
    };
    [
        said("thinking", thought.into()),
        said("content", text[0].into()),
        said("content", text[1].into()),
        said("tool_calls", json!([ollama_call("Rome")])),
        said("tool_calls", json!([ollama_call("Oslo")])),
        ollama_object(json!({"role": "assistant", "content": ""}), true),
    ]
    .iter()
    .map(line)
    .collect()
}
