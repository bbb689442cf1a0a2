//! The bodies of the mock, made once (shapes: OpenAI API reference, chat completions and embeddings).

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Args;

const CREATED: u64 = 1_700_000_000;
const MODEL: &str = "mock";

/// Every body that the mock can send.
#[derive(Debug)]
pub(super) struct Replies {
    pub(super) chat: Bytes,
    pub(super) embeddings: Bytes,
    pub(super) models: Bytes,
    /// The events of a stream: first the role, then `tokens` times the delta, then the end.
    pub(super) role: Bytes,
    pub(super) delta: Bytes,
    pub(super) stop: Bytes,
    pub(super) usage: Bytes,
    pub(super) done: Bytes,
    pub(super) tokens: u32,
    pub(super) gap: Duration,
}

impl Replies {
    pub(super) fn new(args: &Args) -> Self {
        let usage = json!({"prompt_tokens": 100, "completion_tokens": args.tokens, "total_tokens": args.tokens + 100});
        let choice = |delta: Value, end: Value| json!([{"index": 0, "delta": delta, "finish_reason": end}]);
        let size = usize::try_from(args.reply_bytes).unwrap_or(usize::MAX);
        let data = json!([{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125, 1.0]}]);
        let spent = json!({"prompt_tokens": 100, "total_tokens": 100});
        Self {
            chat: chat(size, &usage),
            embeddings: text(&json!({"object": "list", "data": data, "model": MODEL, "usage": spent})),
            models: text(&json!({
                "object": "list",
                "data": [{"id": MODEL, "object": "model", "created": CREATED, "owned_by": "mock"}],
            })),
            role: event(&choice(json!({"role": "assistant", "content": ""}), Value::Null), &Value::Null),
            delta: event(&choice(json!({"content": " token"}), Value::Null), &Value::Null),
            stop: event(&choice(json!({}), json!("stop")), &Value::Null),
            usage: event(&json!([]), &usage),
            done: Bytes::from_static(b"data: [DONE]\n\n"),
            tokens: args.tokens,
            gap: args.gap,
        }
    }
}

fn text(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

/// A whole reply of exactly `size` bytes, if that is not too few for one.
fn chat(size: usize, usage: &Value) -> Bytes {
    let with = |content: &str| {
        let message = json!({"role": "assistant", "content": content});
        json!({
            "id": "chatcmpl-mock",
            "object": "chat.completion",
            "created": CREATED,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage,
        })
        .to_string()
    };
    let words = "lorem ipsum dolor sit amet ".chars().cycle();
    let content: String = words.take(size.saturating_sub(with("").len())).collect();
    Bytes::from(with(&content))
}

fn event(choices: &Value, usage: &Value) -> Bytes {
    let mut chunk = json!({
        "id": "chatcmpl-mock",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": MODEL,
        "choices": choices,
    });
    if let (Some(chunk), false) = (chunk.as_object_mut(), usage.is_null()) {
        chunk.insert("usage".to_owned(), usage.clone());
    }
    Bytes::from(format!("data: {chunk}\n\n"))
}
