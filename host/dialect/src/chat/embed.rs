//! Vectors of texts (OpenAI's API reference, "Embeddings").

use bytes::Bytes;
use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::writing::take_said;
use crate::canon::{
    ContentBlock, DecodeFault, EmbedAnswer, EmbedContent, EmbedInput, EmbedRequest, EmbedTask, EmbedVector,
    FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, TargetRules,
};
use crate::wire::WireFormat;

/// The most inputs of a request (OpenAI's API reference, `input`).
const MOST_INPUTS: usize = 2_048;

/// What vectors are for, in the words of those who ask for it in this wire (NVIDIA, Voyage, Cohere): OpenAI itself does not.
const TASKS: [(&str, EmbedTask); 8] = [
    ("query", EmbedTask::Query),
    ("search_query", EmbedTask::Query),
    ("passage", EmbedTask::Document),
    ("document", EmbedTask::Document),
    ("search_document", EmbedTask::Document),
    ("similarity", EmbedTask::Similarity),
    ("classification", EmbedTask::Classification),
    ("clustering", EmbedTask::Clustering),
];

/// Reads a request for vectors.
///
/// # Errors
/// [`DecodeFault::Field`]: there is nothing that could become a vector. [`DecodeFault::TooMany`].
pub fn decode_embed(body: &RawJson) -> Result<EmbedRequest, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let input = members.take("input").unwrap_or(RawJson::NULL);
    let (inputs, one) = inputs(&input)?;
    let task = take_said(&mut members, "input_type").map(|word| {
        TASKS.iter().find(|(own, _)| word.is(own)).map_or_else(|| EmbedTask::Other(word), |(_, task)| task.clone())
    });
    let model = members.take_text("model").unwrap_or_default();
    Ok(EmbedRequest {
        wire: WireFormat::Chat,
        model: model.text().into(),
        inputs,
        one,
        dimensions: members.take("dimensions"),
        encoding: members.take_text("encoding_format"),
        task,
        user: members.take_text("user"),
        extra: members,
    })
}

/// The inputs: a text, texts, tokens, or lists of tokens.
fn inputs(input: &RawJson) -> Result<(Vec<EmbedInput>, bool), DecodeFault> {
    let due = DecodeFault::Field { field: "input", due: "a string, a list of strings, or tokens" };
    let of = |content| EmbedInput { content, title: None, extra: RawMembers::default() };
    if let Some(text) = input.text() {
        return Ok((vec![of(EmbedContent::Text(text))], true));
    }
    let elements = input.elements();
    if elements.len() > MOST_INPUTS {
        return Err(DecodeFault::TooMany { what: "inputs", most: MOST_INPUTS });
    }
    match elements.first().map(RawJson::kind) {
        None => Err(due),
        Some(JsonKind::Number) => Ok((vec![of(EmbedContent::Tokens(input.clone()))], true)),
        Some(_) => {
            let content = |raw: &RawJson| match raw.kind() {
                JsonKind::String => raw.text().map(EmbedContent::Text),
                JsonKind::Array => Some(EmbedContent::Tokens(raw.clone())),
                JsonKind::Object | JsonKind::Number | JsonKind::Bool | JsonKind::Null => None,
            };
            let all = elements.iter().map(|raw| content(raw).map(of)).collect::<Option<Vec<_>>>().ok_or(due)?;
            Ok((all, false))
        }
    }
}

/// Writes a request of any wire for vectors.
#[must_use]
pub fn encode_embed(request: &EmbedRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let own = request.wire == WireFormat::Chat;
    let mut out = JsonWriter::with_capacity(1_024);
    out.open().name("model").string(&rules.model).name("input");
    match request.inputs.as_slice() {
        [input] if request.one => write_input(&mut out, input, losses),
        inputs => {
            out.open_array();
            inputs.iter().for_each(|input| write_input(&mut out, input, losses));
            out.close_array();
        }
    }
    out.raw_member("dimensions", request.dimensions.as_ref());
    out.text_member("encoding_format", request.encoding.as_ref()).text_member("user", request.user.as_ref());
    if own {
        let word = |task: &EmbedTask| match task {
            EmbedTask::Other(word) => Some(word.clone()),
            known => TASKS.iter().find(|(_, task)| task == known).map(|(word, _)| JsonText::of(word)),
        };
        out.text_member("input_type", request.task.as_ref().and_then(word).as_ref()).members(&request.extra);
    } else {
        if request.task.is_some() {
            losses.lose("input_type");
        }
        losses.lose_extras("", &request.extra);
    }
    out.close();
    out.finish()
}

fn write_input(out: &mut JsonWriter, input: &EmbedInput, losses: &mut FieldLosses) {
    if input.title.is_some() {
        losses.lose("input.title");
    }
    losses.lose_extras("input", &input.extra);
    match &input.content {
        EmbedContent::Text(text) => out.text(text),
        EmbedContent::Tokens(tokens) => out.raw(tokens),
        EmbedContent::Blocks(blocks) => {
            let mut texts = Vec::new();
            for block in blocks {
                match block {
                    ContentBlock::Text(text) => texts.push(&text.text),
                    _ => losses.lose("input"),
                }
            }
            out.text(&JsonText::concat(texts))
        }
    };
}

/// Reads vectors.
///
/// # Errors
/// [`DecodeFault::Field`]: there are none.
pub fn decode_embed_answer(body: &RawJson) -> Result<EmbedAnswer, DecodeFault> {
    let due = || DecodeFault::Field { field: "data", due: "a list of vectors" };
    let mut members = body.members();
    let all = members.take_elements("data").ok_or_else(due)?;
    let vector = |raw: &RawJson| {
        let value = raw.members().take("embedding")?;
        Some(value.text().map_or_else(|| EmbedVector::Floats(value), EmbedVector::Base64))
    };
    let vectors = all.iter().map(vector).collect::<Option<Vec<_>>>().ok_or_else(due)?;
    let used = members.get("usage").map(RawJson::members).as_ref().and_then(super::usage::read);
    for name in ["object", "usage"] {
        members.hush(name);
    }
    Ok(EmbedAnswer {
        wire: WireFormat::Chat,
        model: take_said(&mut members, "model"),
        vectors,
        usage: used,
        extra: members,
    })
}

/// Writes vectors as the client asked for them: `encoding` is its `encoding_format`. Libraries demand what was used: where
/// nobody has counted, `estimate` stands for it.
#[must_use]
pub fn encode_embed_answer(
    answer: &EmbedAnswer,
    model: &str,
    encoding: Option<&JsonText>,
    estimate: u64,
    losses: &mut FieldLosses,
) -> Bytes {
    let is_base64 = encoding.is_some_and(|encoding| encoding.is("base64"));
    let mut out = JsonWriter::with_capacity(16 * 1_024);
    out.open().name("object").string("list").name("data").open_array();
    for (index, vector) in (0..).zip(&answer.vectors) {
        out.open().name("object").string("embedding").name("index").number(index).name("embedding");
        match vector.to_base64().filter(|_| is_base64) {
            Some(text) => {
                out.text(&text);
            }
            None => vector.write_floats(&mut out),
        }
        out.close();
    }
    out.close_array().name("model").string(model);
    let used = answer.usage.and_then(|used| used.input.or(used.total)).unwrap_or(estimate.min(Usage::MOST));
    out.name("usage").open().name("prompt_tokens").number(used).name("total_tokens").number(used).close();
    losses.lose_extras("", &answer.extra);
    out.close();
    out.finish()
}
