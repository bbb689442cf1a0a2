//! Vectors of texts (`POST /api/embed`).

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::usage;
use crate::canon::{
    ContentBlock, DecodeFault, EmbedAnswer, EmbedContent, EmbedInput, EmbedRequest, EmbedVector, FieldLosses, JsonText,
    JsonWriter, RawJson, TargetRules,
};
use crate::translate::results::as_one;
use crate::translate::said;
use crate::wire::WireFormat;

/// Members of a client's that are Ollama's own words in any wire.
const OWN: [&str; 3] = ["options", "keep_alive", "truncate"];

/// Writes a request for vectors.
///
/// # Errors
/// [`DecodeFault::Field`]: an input is tokens of another model's.
pub fn encode_embed(
    request: &EmbedRequest,
    rules: &TargetRules,
    losses: &mut FieldLosses,
) -> Result<Bytes, DecodeFault> {
    let mut out = JsonWriter::with_capacity(1_024);
    out.open().name("model").string(&rules.model).name("input").open_array();
    for input in &request.inputs {
        out.text(&text(input, losses)?);
        if input.title.is_some() {
            losses.lose("input.title");
        }
        losses.lose_extras("input", &input.extra);
    }
    out.close_array().raw_member("dimensions", request.dimensions.as_ref());
    let mut extra = request.extra.clone();
    for name in OWN {
        out.raw_member(name, extra.get(name));
        extra.hush(name);
    }
    // Its models know nothing of what a vector is for.
    if request.task.is_some() {
        losses.lose("input_type");
    }
    if request.user.is_some() {
        losses.lose("user");
    }
    losses.lose_extras("", &extra);
    out.close();
    Ok(out.finish())
}

fn text(input: &EmbedInput, losses: &mut FieldLosses) -> Result<JsonText, DecodeFault> {
    match &input.content {
        EmbedContent::Text(text) => Ok(text.clone()),
        EmbedContent::Tokens(_) => Err(DecodeFault::Field { field: "input", due: "text" }),
        EmbedContent::Blocks(blocks) => {
            let mut texts = Vec::new();
            for block in blocks {
                match block {
                    ContentBlock::Text(text) => texts.push(said::text_of(text, losses).clone()),
                    _ => losses.lose("input"),
                }
            }
            Ok(as_one(&texts))
        }
    }
}

/// Reads vectors.
///
/// # Errors
/// [`DecodeFault::Field`]: there are none.
pub fn decode_embed_answer(body: &RawJson) -> Result<EmbedAnswer, DecodeFault> {
    let mut members = body.members();
    let all = members.take_as("embeddings", |raw| (raw.kind() == JsonKind::Array).then(|| raw.elements()));
    let all = all.ok_or(DecodeFault::Field { field: "embeddings", due: "a list of vectors" })?;
    let used = usage::read(&members);
    usage::TOLD.iter().for_each(|name| members.hush(name));
    Ok(EmbedAnswer {
        wire: WireFormat::OllamaChat,
        model: members.take_text("model"),
        vectors: all.into_iter().map(EmbedVector::Floats).collect(),
        usage: used,
        extra: members,
    })
}
