//! Vectors of the demo provider, in the two forms in which they are asked for.

use crate::control::demo::pieces;
use bytes::Bytes;
use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{
    ContentBlock, EmbedAnswer, EmbedContent, EmbedInput, EmbedVector, FieldLosses, JsonText, RawJson, RawMembers,
};
use weir_dialect::gemini;
use weir_usage::Usage;

/// Numbers in a vector, unless the question says how many.
const DIMENSIONS: usize = 8;
/// As many as there may be.
const MOST_DIMENSIONS: u64 = 4_096;

/// The vectors that a request of OpenAI's dialect asks for.
pub(super) fn embeddings(body: &[u8]) -> Result<Bytes, String> {
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body is not JSON: {e}"))?;
    let inputs: Vec<String> = match value.get("input") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned)).collect()
        }
        _ => return Err("`input` is missing".to_owned()),
    };
    let dimensions = dimensions(value.get("dimensions").and_then(Value::as_u64));
    let base64 = value.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let floats = floats(text, dimensions);
            let embedding = match EmbedVector::Floats(floats.clone()).to_base64() {
                Some(text) if base64 => json!(text.text()),
                _ => serde_json::from_slice(floats.bytes()).unwrap_or_default(),
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let tokens: u64 = inputs.iter().map(|text| pieces::count(text)).sum();
    let model = value.get("model").and_then(Value::as_str).unwrap_or("demo-small");
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Bytes::from(json!({"object": "list", "model": model, "data": data, "usage": usage}).to_string()))
}

/// The vectors that a request of Gemini's dialect asks for: one, or a list of them.
pub(super) fn embed_content(body: &Bytes, one: bool) -> Result<Bytes, String> {
    let raw = RawJson::parse(body.clone()).map_err(|fault| format!("the body is not JSON: {fault}"))?;
    let request = gemini::decode_embed(&raw, "").map_err(|fault| fault.to_string())?;
    let dimensions = dimensions(request.dimensions.as_ref().and_then(RawJson::unsigned));
    let texts: Vec<String> = request.inputs.iter().map(text).collect();
    let tokens = texts.iter().map(|text| pieces::count(text)).sum();
    let answer = EmbedAnswer {
        wire: WireFormat::Chat,
        model: None,
        vectors: texts.iter().map(|text| EmbedVector::Floats(floats(text, dimensions))).collect(),
        usage: Some(Usage { input: Some(tokens), ..Usage::default() }),
        extra: RawMembers::default(),
    };
    Ok(gemini::encode_embed_answer(&answer, one, &mut FieldLosses::default()))
}

fn text(input: &EmbedInput) -> String {
    match &input.content {
        EmbedContent::Text(text) => text.text().into_owned(),
        EmbedContent::Tokens(raw) => String::from_utf8_lossy(raw.bytes()).into_owned(),
        EmbedContent::Blocks(blocks) => {
            let texts = blocks.iter().filter_map(|block| match block {
                ContentBlock::Text(text) => Some(&text.text),
                _ => None,
            });
            JsonText::concat(texts).text().into_owned()
        }
    }
}

fn dimensions(said: Option<u64>) -> usize {
    said.and_then(|said| usize::try_from(said.clamp(1, MOST_DIMENSIONS)).ok()).unwrap_or(DIMENSIONS)
}

/// A unit vector that depends on the text alone.
fn floats(text: &str, dimensions: usize) -> RawJson {
    let mut sums = vec![1.0_f32; dimensions];
    for (at, byte) in text.bytes().enumerate() {
        if let Some(sum) = sums.get_mut(at % dimensions) {
            *sum += f32::from(byte) / 255.0;
        }
    }
    let length = sums.iter().map(|x| x * x).sum::<f32>().sqrt();
    let numbers: Vec<String> = sums.iter().map(|x| (x / length).to_string()).collect();
    // The numbers are finite: their sum is positive.
    RawJson::parse(format!("[{}]", numbers.join(",")).into()).unwrap_or(RawJson::NULL)
}
