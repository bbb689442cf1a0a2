//! Answers in OpenAI's shapes, as bytes on the wire.

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// A whole answer that says `text`, with its head.
pub(crate) fn whole(text: &str) -> Bytes {
    let message = json!({"role": "assistant", "content": text});
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "mock",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 24, "total_tokens": 124},
    });
    with_head(200, "", &body.to_string())
}

/// An error of the provider's, with further fields of the head, each with its line's end.
pub(crate) fn error(status: u16, fields: &str) -> Bytes {
    let error =
        json!({"error": {"message": "the provider has its own troubles", "type": "server_error", "code": null}});
    with_head(status, fields, &error.to_string())
}

fn with_head(status: u16, fields: &str, body: &str) -> Bytes {
    let length = body.len();
    Bytes::from(format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {JSON}\r\n{fields}content-length: {length}\r\n\r\n{body}"
    ))
}

/// The head of a stream, which comes in chunks.
pub(crate) fn stream_head() -> Bytes {
    Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
}

/// One chunk with one event that says `text`.
pub(crate) fn event(text: &str) -> Bytes {
    chunk(&data(&choice(json!({"content": text}), Value::Null), &Value::Null))
}

/// The end of a stream: its reason, its usage, `[DONE]`, and the last chunk.
pub(crate) fn stream_end() -> Bytes {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 24, "total_tokens": 124});
    let mut end = chunk(&data(&choice(json!({}), json!("stop")), &Value::Null)).to_vec();
    end.extend(chunk(&data(&json!([]), &usage)));
    end.extend(chunk("data: [DONE]\n\n"));
    end.extend(last_chunk());
    Bytes::from(end)
}

/// What ends the framing, and says nothing of whether the stream is whole.
pub(crate) fn last_chunk() -> Bytes {
    Bytes::from_static(b"0\r\n\r\n")
}

/// Anything as one chunk.
pub(crate) fn chunk(text: &str) -> Bytes {
    let mut chunk = format!("{:x}\r\n", text.len());
    let _ok = write!(chunk, "{text}\r\n");
    Bytes::from(chunk)
}

fn choice(delta: Value, end: Value) -> Value {
    json!([{"index": 0, "delta": delta, "finish_reason": end}])
}

fn data(choices: &Value, usage: &Value) -> String {
    let mut event = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "mock",
        "choices": choices,
    });
    if !usage.is_null()
        && let Some(event) = event.as_object_mut()
    {
        event.insert("usage".to_owned(), usage.clone());
    }
    format!("data: {event}\n\n")
}
