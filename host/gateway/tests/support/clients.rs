//! Clients of every dialect: what each asks, and what it reads in an answer.

mod read;

use super::ACME;
use super::client::{Reply, send};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub use read::Said;

/// A client's dialect.
pub struct Client {
    pub name: &'static str,
    /// The `kind` of providers that speak it as well.
    pub kind: &'static str,
    /// Where the model `m` is asked, whole and streamed.
    pub paths: [&'static str; 2],
    /// The header that carries the key, and what stands before the key in it.
    key: (&'static str, &'static str),
    /// What it asks who wants to know the weather in two cities.
    pub question: fn(bool) -> Value,
    pub whole: fn(&Value) -> Said,
    pub streamed: fn(&Reply) -> Said,
    /// Status and words of an error, as its library finds them.
    pub error: fn(&Reply) -> (String, String),
}

impl Client {
    /// Asks.
    pub fn ask(&self, address: SocketAddr, streaming: bool) -> Reply {
        self.send(address, streaming, &(self.question)(streaming).to_string())
    }

    /// Sends a body to where an answer is to be whole or streamed.
    pub fn send(&self, address: SocketAddr, streaming: bool, body: &str) -> Reply {
        let key = format!("{}{ACME}", self.key.1);
        let path = self.paths[usize::from(streaming)];
        let headers = [(self.key.0, key.as_str()), ("content-type", "application/json")];
        send(address, "POST", path, &headers, body.as_bytes())
    }
}

const IMAGE: &str = "iVBORw0KGgo=";

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

pub const CLIENTS: [Client; 5] = [
    Client {
        name: "messages",
        kind: "anthropic",
        paths: ["/v1/messages", "/v1/messages"],
        key: ("x-api-key", ""),
        question: |streaming| {
            let image = json!({"type": "base64", "media_type": "image/png", "data": IMAGE});
            let mut asked = json!({
                "model": "m", "max_tokens": 99, "temperature": 0.5, "system": "Be brief.",
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "Weather?"}, {"type": "image", "source": image}]},
                    {"role": "assistant", "content": [
                        {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {"city": "Bern"}}
                    ]},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_0", "content": "rain"}]}
                ],
                "tools": [{"name": "weather", "description": "of a city", "input_schema": schema()}]
            });
            if streaming {
                asked["stream"] = true.into();
            }
            asked
        },
        whole: read::messages,
        streamed: read::messages_stream,
        error: |reply| {
            let error = reply.json();
            assert_eq!(error["type"], "error", "{error}");
            (error["error"]["type"].to_string(), error["error"]["message"].to_string())
        },
    },
    Client {
        name: "responses",
        kind: "openai",
        paths: ["/v1/responses", "/v1/responses"],
        key: ("authorization", "Bearer "),
        question: |streaming| {
            let mut asked = json!({
                "model": "m", "max_output_tokens": 99, "temperature": 0.5, "instructions": "Be brief.",
                "input": [
                    {"role": "user", "content": [
                        {"type": "input_text", "text": "Weather?"},
                        {"type": "input_image", "detail": "auto", "image_url": format!("data:image/png;base64,{IMAGE}")}
                    ]},
                    {"type": "function_call", "call_id": "call_0", "name": "weather", "arguments": "{\"city\":\"Bern\"}"},
                    {"type": "function_call_output", "call_id": "call_0", "output": "rain"}
                ],
                "tools": [{
                    "type": "function", "name": "weather", "description": "of a city", "parameters": schema(), "strict": false
                }]
            });
            if streaming {
                asked["stream"] = true.into();
            }
            asked
        },
        whole: read::responses,
        streamed: read::responses_stream,
        error: |reply| {
            let error = reply.json();
            (error["error"]["type"].to_string(), error["error"]["message"].to_string())
        },
    },
    Client {
        name: "gemini",
        kind: "gemini",
        paths: ["/v1beta/models/m:generateContent", "/v1beta/models/m:streamGenerateContent?alt=sse"],
        key: ("x-goog-api-key", ""),
        question: gemini_question,
        whole: read::gemini,
        streamed: read::gemini_stream,
        error: gemini_error,
    },
    Client {
        name: "gemini as an array",
        kind: "gemini",
        paths: ["/v1/models/m:generateContent", "/v1/models/m:streamGenerateContent"],
        key: ("x-goog-api-key", ""),
        question: gemini_question,
        whole: read::gemini,
        streamed: read::gemini_array,
        error: gemini_error,
    },
    Client {
        name: "converse",
        kind: "bedrock",
        paths: ["/model/m/converse", "/model/m/converse-stream"],
        key: ("authorization", "Bearer "),
        question: |_| {
            let image = json!({"image": {"format": "png", "source": {"bytes": IMAGE}}});
            json!({
                "system": [{"text": "Be brief."}],
                "messages": [
                    {"role": "user", "content": [{"text": "Weather?"}, image]},
                    {"role": "assistant", "content": [
                        {"toolUse": {"toolUseId": "tooluse_0", "name": "weather", "input": {"city": "Bern"}}}
                    ]},
                    {"role": "user", "content": [
                        {"toolResult": {"toolUseId": "tooluse_0", "content": [{"text": "rain"}]}}
                    ]}
                ],
                "inferenceConfig": {"maxTokens": 99, "temperature": 0.5},
                "toolConfig": {"tools": [{
                    "toolSpec": {"name": "weather", "description": "of a city", "inputSchema": {"json": schema()}}
                }]}
            })
        },
        whole: read::converse,
        streamed: read::converse_stream,
        error: |reply| {
            (reply.header("x-amzn-errortype").unwrap_or_default().to_owned(), reply.json()["message"].to_string())
        },
    },
];

fn gemini_question(_: bool) -> Value {
    json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "Weather?"}, {"inlineData": {"mimeType": "image/png", "data": IMAGE}}
            ]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {"city": "Bern"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"result": "rain"}}}]}
        ],
        "generationConfig": {"maxOutputTokens": 99, "temperature": 0.5},
        "tools": [{"functionDeclarations": [{"name": "weather", "description": "of a city", "parameters": schema()}]}]
    })
}

fn gemini_error(reply: &Reply) -> (String, String) {
    let error = reply.json();
    assert_eq!(error["error"]["code"], reply.status, "{error}");
    (error["error"]["status"].to_string(), error["error"]["message"].to_string())
}
