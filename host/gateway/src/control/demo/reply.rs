//! What the demo provider says.

use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::Dialect;

/// Made up once and never changed, so that answers are the same at every time.
const CREATED: u64 = 1_750_000_000;

/// What a chat asks.
pub(super) struct Question {
    model: String,
    text: String,
    input_tokens: usize,
    pub(super) streaming: bool,
    include_usage: bool,
    longest: usize,
}

impl Question {
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body is not JSON: {e}"))?;
        let messages = value.get("messages").and_then(Value::as_array).ok_or("`messages` is missing")?;
        let texts: Vec<String> = messages.iter().map(|m| text(m.get("content"))).collect();
        let longest = value.get("max_completion_tokens").or_else(|| value.get("max_tokens"));
        Ok(Self {
            model: value.get("model").and_then(Value::as_str).unwrap_or("demo-small").to_owned(),
            text: texts.last().cloned().unwrap_or_default(),
            input_tokens: texts.iter().map(|t| words(t).count()).sum(),
            streaming: value.get("stream").and_then(Value::as_bool).unwrap_or(false),
            include_usage: value.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false),
            longest: longest.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX),
        })
    }

    /// The answer's tokens, each a word with the space before it.
    fn answer(&self) -> Vec<&str> {
        let mut said = vec![if self.model.ends_with("large") { "At length: you" } else { "You" }, " said:"];
        said.extend(words(&self.text));
        if self.text.to_ascii_lowercase().contains("contact") {
            said.extend(words(" Write to help@example.com or call +1 415 555 0132."));
        }
        said.truncate(self.longest.max(1));
        said
    }

    fn finish(&self) -> &'static str {
        if self.answer().len() >= self.longest { "length" } else { "stop" }
    }

    fn usage(&self) -> Value {
        let output = self.answer().len();
        json!({
            "prompt_tokens": self.input_tokens,
            "completion_tokens": output,
            "total_tokens": self.input_tokens + output,
        })
    }
}

fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|p| p.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// Words of a text, each with the white space before it: put together again they are the text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest.len() - rest.trim_start().len();
        let end = rest.get(start..)?.find(char::is_whitespace).map_or(rest.len(), |n| start + n);
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

pub(super) fn chat_whole(question: &Question) -> Bytes {
    let answer = json!({
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": CREATED,
        "model": question.model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": spoken(question), "refusal": null},
            "logprobs": null,
            "finish_reason": question.finish(),
        }],
        "usage": question.usage(),
    });
    Bytes::from(answer.to_string())
}

/// The answer as one text: the question follows the words before it after one space.
fn spoken(question: &Question) -> String {
    pieces(question).concat()
}

fn pieces(question: &Question) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in question.answer() {
        let spaced = pieces.is_empty() || word.starts_with(char::is_whitespace);
        pieces.push(if spaced { word.to_owned() } else { format!(" {word}") });
    }
    pieces
}

pub(super) fn chat_events(question: &Question) -> Bytes {
    let mut out = Vec::new();
    let mut event = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-demo",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": question.model,
            "choices": choices,
        });
        if question.include_usage
            && let Some(chunk) = chunk.as_object_mut()
        {
            chunk.insert("usage".to_owned(), usage);
        }
        out.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    event(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null);
    for piece in pieces(question) {
        event(choice(json!({"content": piece}), Value::Null), Value::Null);
    }
    event(choice(json!({}), json!(question.finish())), Value::Null);
    if question.include_usage {
        event(json!([]), question.usage());
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
    Bytes::from(out)
}

/// Numbers in a vector of the demo's embeddings.
const DIMENSIONS: usize = 8;

pub(super) fn embeddings(body: &[u8]) -> Result<Bytes, String> {
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body is not JSON: {e}"))?;
    let inputs: Vec<String> = match value.get("input") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned)).collect()
        }
        _ => return Err("`input` is missing".to_owned()),
    };
    let base64 = value.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text);
            let embedding = if base64 { json!(encode(&vector)) } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let tokens: usize = inputs.iter().map(|t| words(t).count()).sum();
    let model = value.get("model").and_then(Value::as_str).unwrap_or("demo-small");
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Bytes::from(json!({"object": "list", "model": model, "data": data, "usage": usage}).to_string()))
}

/// A unit vector that depends on the text alone.
fn vector(text: &str) -> [f32; DIMENSIONS] {
    let mut sums = [1.0_f32; DIMENSIONS];
    for (at, byte) in text.bytes().enumerate() {
        if let Some(sum) = sums.get_mut(at % DIMENSIONS) {
            *sum += f32::from(byte) / 255.0;
        }
    }
    let length = sums.iter().map(|x| x * x).sum::<f32>().sqrt();
    sums.map(|x| x / length)
}

/// Little-endian floats in Base64 (RFC 4648 section 4), as OpenAI's Python library asks for them.
fn encode(vector: &[f32; DIMENSIONS]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit) & 63) as usize;
            let shown = digit <= group.len();
            out.push(if shown { char::from(ALPHABET.get(index).copied().unwrap_or(b'A')) } else { '=' });
        }
    }
    out
}

pub(super) fn models() -> Bytes {
    Dialect::OpenAi.models([("demo-small", "demo"), ("demo-large", "demo")].into_iter())
}
