//! Vectors of texts (`POST /v2/embed`).

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::usage;
use crate::canon::{
    ContentBlock, DecodeFault, EmbedAnswer, EmbedContent, EmbedInput, EmbedRequest, EmbedTask, EmbedVector,
    FieldLosses, JsonWriter, MediaSource, RawJson, TargetRules,
};
use crate::translate::said;
use crate::wire::WireFormat;

/// What the vectors are for, which Cohere wants to know: to be found, where nobody says.
fn word(task: Option<&EmbedTask>, losses: &mut FieldLosses) -> &'static str {
    match task {
        Some(EmbedTask::Document) | None => "search_document",
        Some(EmbedTask::Query) => "search_query",
        Some(EmbedTask::Classification) => "classification",
        // To be told how alike they are is what groups are made by.
        Some(EmbedTask::Clustering | EmbedTask::Similarity) => "clustering",
        Some(EmbedTask::Other(_)) => {
            losses.lose("input_type");
            "search_document"
        }
    }
}

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
    out.open().name("model").string(&rules.model).name("input_type").string(word(request.task.as_ref(), losses));
    let texts = request.inputs.iter().map(|input| match &input.content {
        EmbedContent::Text(text) => Some(text),
        EmbedContent::Tokens(_) | EmbedContent::Blocks(_) => None,
    });
    if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
        out.name("texts").open_array();
        texts.into_iter().for_each(|text| {
            out.text(text);
        });
        out.close_array();
    } else {
        out.name("inputs").open_array();
        for input in &request.inputs {
            write_input(&mut out, input, losses)?;
        }
        out.close_array();
    }
    for input in &request.inputs {
        if input.title.is_some() {
            losses.lose("input.title");
        }
        losses.lose_extras("input", &input.extra);
    }
    out.name("embedding_types").open_array().string("float").close_array();
    out.raw_member("output_dimension", request.dimensions.as_ref());
    if request.user.is_some() {
        losses.lose("user");
    }
    losses.lose_extras("", &request.extra);
    out.close();
    Ok(out.finish())
}

/// An input of texts and pictures.
fn write_input(out: &mut JsonWriter, input: &EmbedInput, losses: &mut FieldLosses) -> Result<(), DecodeFault> {
    out.open().name("content").open_array();
    match &input.content {
        EmbedContent::Text(text) => {
            out.open().name("type").string("text").name("text").text(text).close();
        }
        EmbedContent::Tokens(_) => return Err(DecodeFault::Field { field: "input", due: "text" }),
        EmbedContent::Blocks(blocks) => blocks.iter().for_each(|block| match block {
            ContentBlock::Text(text) => {
                out.open().name("type").string("text").name("text").text(said::text_of(text, losses)).close();
            }
            ContentBlock::Image(image) if !matches!(image.source, MediaSource::Store(_) | MediaSource::FileId(_)) => {
                if let Some(url) = image.source.to_url(image.media_type.as_ref()) {
                    out.open().name("type").string("image_url").name("image_url").open();
                    out.name("url").text(&url).close().close();
                }
            }
            _ => losses.lose("input"),
        }),
    }
    out.close_array().close();
    Ok(())
}

/// Reads vectors (`EmbedByTypeResponse`).
///
/// # Errors
/// [`DecodeFault::Field`]: there are none.
pub fn decode_embed_answer(body: &RawJson) -> Result<EmbedAnswer, DecodeFault> {
    let mut members = body.members();
    let list = |raw: &RawJson| (raw.kind() == JsonKind::Array).then(|| raw.elements());
    let due = DecodeFault::Field { field: "embeddings", due: "a list of vectors" };
    // Asked for no type, it answers with the list alone.
    let typed = members.take_members("embeddings").and_then(|types| types.get("float").and_then(list));
    let all = typed.or_else(|| members.take_as("embeddings", list)).ok_or(due)?;
    let used = members.get("meta").map(RawJson::members).as_ref().and_then(usage::of_embedding);
    for name in ["id", "texts", "images", "meta", "response_type"] {
        members.hush(name);
    }
    Ok(EmbedAnswer {
        wire: WireFormat::CohereChat,
        model: None,
        vectors: all.into_iter().map(EmbedVector::Floats).collect(),
        usage: used,
        extra: members,
    })
}
