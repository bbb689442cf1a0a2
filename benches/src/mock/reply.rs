//! The bodies of the mock, made once (shapes: OpenAI API reference, chat completions and embeddings).

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::units;

const CREATED: u64 = 1_700_000_000;
const MODEL: &str = "mock";
/// Numbers of one embedding, as many as OpenAI's smaller model gives.
const DIMENSIONS: usize = 1_536;

/// When the mock answers, and how much.
#[derive(clap::Args, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplyShape {
    /// Time before the response head: 0, 60ms, 1s
    #[arg(long, default_value = "60ms", value_parser = units::duration)]
    pub(crate) delay: Duration,
    /// Time between the events of a stream
    #[arg(long, default_value = "0", value_parser = units::duration)]
    pub(crate) gap: Duration,
    /// Deltas with text in a stream; also the number of output tokens that is reported
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) tokens: u32,
    /// Size of the body of a whole reply, in bytes; less than the smallest valid one gives that
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(0..=32 << 20))]
    pub(crate) reply_bytes: u32,
}

impl ReplyShape {
    /// The shape with what a query such as `delay=60ms&tokens=24` changes.
    pub(super) fn changed(mut self, query: &str) -> Result<Self, String> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` has no value"))?;
            let number = || value.parse::<u32>().map_err(|_| format!("`{value}` is not a number for {name}"));
            match name {
                "delay" => self.delay = units::duration(value)?,
                "gap" => self.gap = units::duration(value)?,
                "tokens" => self.tokens = number()?.min(100_000),
                "reply-bytes" => self.reply_bytes = number()?.min(32 << 20),
                _ => return Err(format!("`{name}` is not one of delay, gap, tokens and reply-bytes")),
            }
        }
        Ok(self)
    }

    /// The query that makes any mock answer like this.
    pub(crate) fn query(&self) -> String {
        let (delay, gap) = (self.delay.as_micros(), self.gap.as_micros());
        format!("delay={delay}us&gap={gap}us&tokens={}&reply-bytes={}", self.tokens, self.reply_bytes)
    }
}

/// Every body that the mock can send.
#[derive(Debug)]
pub(super) struct Replies {
    pub(super) shape: ReplyShape,
    pub(super) chat: Bytes,
    pub(super) models: Bytes,
    /// The events of a stream: first the role, then `tokens` times the delta, then the end.
    pub(super) role: Bytes,
    pub(super) delta: Bytes,
    pub(super) stop: Bytes,
    pub(super) usage: Bytes,
    pub(super) done: Bytes,
}

impl Replies {
    pub(super) fn new(shape: ReplyShape) -> Self {
        let tokens = shape.tokens;
        let usage = json!({"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": tokens + 100});
        let choice = |delta: Value, end: Value| json!([{"index": 0, "delta": delta, "finish_reason": end}]);
        Self {
            shape,
            chat: chat(usize::try_from(shape.reply_bytes).unwrap_or(usize::MAX), &usage),
            models: text(&json!({
                "object": "list",
                "data": [{"id": MODEL, "object": "model", "created": CREATED, "owned_by": "mock"}],
            })),
            role: event(&choice(json!({"role": "assistant", "content": ""}), Value::Null), &Value::Null),
            delta: event(&choice(json!({"content": " token"}), Value::Null), &Value::Null),
            stop: event(&choice(json!({}), json!("stop")), &Value::Null),
            usage: event(&json!([]), &usage),
            done: Bytes::from_static(b"data: [DONE]\n\n"),
        }
    }
}

/// As many embeddings as there are inputs.
pub(super) fn embeddings(inputs: usize) -> Bytes {
    let numbers: Vec<f64> = [0.25, -0.5, 0.125, 1.0].into_iter().cycle().take(DIMENSIONS).collect();
    let numbers = json!(numbers).to_string();
    let mut data = String::new();
    for index in 0..inputs {
        let comma = if index == 0 { "" } else { "," };
        let _ok = write!(data, r#"{comma}{{"object":"embedding","index":{index},"embedding":{numbers}}}"#);
    }
    let spent = json!({"prompt_tokens": 100, "total_tokens": 100});
    Bytes::from(format!(r#"{{"object":"list","data":[{data}],"model":"{MODEL}","usage":{spent}}}"#))
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
