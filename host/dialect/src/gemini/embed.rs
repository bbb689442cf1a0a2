//! Vectors of texts (`models/{model}:embedContent`, and `:batchEmbedContents` for several).
//!
//! Sources: Gemini API reference, `models.embedContent` and `models.batchEmbedContents`; Vertex AI's, which counts what was used.

use bytes::Bytes;
use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::part::{self, PartStyle};
use super::{proto, usage};
use crate::canon::{
    ContentBlock, DecodeFault, EmbedAnswer, EmbedContent, EmbedInput, EmbedRequest, EmbedTask, EmbedVector,
    FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, TargetRules,
};
use crate::wire::WireFormat;

/// What vectors are for, in Google's words.
const TASKS: [(&str, EmbedTask); 5] = [
    ("RETRIEVAL_QUERY", EmbedTask::Query),
    ("RETRIEVAL_DOCUMENT", EmbedTask::Document),
    ("SEMANTIC_SIMILARITY", EmbedTask::Similarity),
    ("CLASSIFICATION", EmbedTask::Classification),
    ("CLUSTERING", EmbedTask::Clustering),
];

/// Members that each of several requests says for itself, and the first one for all.
const SAID: [&str; 3] = ["model", "outputDimensionality", "taskType"];

/// Reads a request for one vector or, in `requests`, for several. What the first wants holds for all elsewhere.
///
/// # Errors
/// [`DecodeFault::Field`]: there is nothing that could become a vector.
pub fn decode_embed(body: &RawJson, model: &str) -> Result<EmbedRequest, DecodeFault> {
    let mut members = proto::as_message(body).ok_or(DecodeFault::Field { field: "body", due: "an object" })?;
    let several = members.take_as("requests", |raw| (raw.kind() == JsonKind::Array).then(|| raw.elements()));
    let one = several.is_none();
    let mut request = EmbedRequest {
        wire: WireFormat::GenerateContent,
        model: model.into(),
        inputs: Vec::new(),
        one,
        dimensions: None,
        encoding: None,
        task: None,
        user: None,
        extra: RawMembers::default(),
    };
    let due = DecodeFault::Field { field: "requests", due: "a list of objects" };
    let all = match several {
        Some(all) => all.iter().map(proto::as_message).collect::<Option<Vec<_>>>().ok_or(due)?,
        None => vec![std::mem::take(&mut members)],
    };
    for (at, mut members) in all.into_iter().enumerate() {
        if at == 0 {
            request.dimensions = members.get("outputDimensionality").filter(|raw| !raw.is_null()).cloned();
            request.task = members.get("taskType").and_then(RawJson::text).map(|word| task(&word));
        }
        SAID.iter().for_each(|name| members.hush(name));
        request.inputs.push(input(members)?);
    }
    request.extra = members;
    Ok(request)
}

fn task(word: &JsonText) -> EmbedTask {
    let known = TASKS.iter().find(|(own, _)| word.is(own));
    known.map_or_else(|| EmbedTask::Other(word.clone()), |(_, task)| task.clone())
}

fn input(mut members: RawMembers) -> Result<EmbedInput, DecodeFault> {
    let mut content = proto::take_message(&mut members, "content")
        .ok_or(DecodeFault::Field { field: "content", due: "an object with parts" })?;
    let mut blocks = Vec::new();
    part::read_all(&mut content, &mut blocks);
    let content_of = match blocks.as_slice() {
        [ContentBlock::Text(block)] if block.extra.is_empty() => EmbedContent::Text(block.text.clone()),
        _ => EmbedContent::Blocks(blocks),
    };
    if !content.is_empty() {
        proto::put_quietly(&mut members, "content", proto::of_members(&content));
    }
    Ok(EmbedInput { content: content_of, title: members.take_text("title"), extra: members })
}

/// Writes a request of any wire: for one vector (`:embedContent`) if [`EmbedRequest::one`] says so, else for several
/// (`:batchEmbedContents`).
#[must_use]
pub fn encode_embed(request: &EmbedRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let own = request.wire == WireFormat::GenerateContent;
    let mut out = JsonWriter::with_capacity(1_024);
    match request.inputs.as_slice() {
        [input] if request.one => {
            out.open();
            write_input(input, request, rules, &mut out, losses);
        }
        inputs => {
            out.open().name("requests").open_array();
            for input in inputs {
                out.open();
                write_input(input, request, rules, &mut out, losses);
                out.close();
            }
            out.close_array();
        }
    }
    if own {
        out.members(&request.extra);
    } else {
        if request.user.is_some() {
            losses.lose("user");
        }
        losses.lose_extras("", &request.extra);
    }
    out.close();
    out.finish()
}

fn write_input(
    input: &EmbedInput,
    request: &EmbedRequest,
    rules: &TargetRules,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) {
    let own = request.wire == WireFormat::GenerateContent;
    // Each of several must name the model, one need not.
    if !request.one || input.extra.get("model").is_some() {
        let name = if rules.model.contains('/') { rules.model.to_string() } else { format!("models/{}", rules.model) };
        out.name("model").string(&name);
    }
    out.name("content").open().name("parts").open_array();
    match &input.content {
        EmbedContent::Text(text) => {
            out.open().name("text").text(text).close();
        }
        EmbedContent::Tokens(_) => losses.lose("input.tokens"),
        EmbedContent::Blocks(blocks) => {
            let style = PartStyle { own, within: "input", reader: Some(rules.vendor), names: None, excuses: false };
            part::write_all(&blocks.iter().collect::<Vec<_>>(), &style, out, losses);
        }
    }
    out.close_array();
    if own {
        out.members(&proto::left_of(&input.extra, "content"));
    }
    out.close();
    out.text_member("title", input.title.as_ref());
    if own {
        proto::write_but(out, &input.extra, &["content", "model"]);
        return;
    }
    out.raw_member("outputDimensionality", request.dimensions.as_ref());
    match &request.task {
        Some(EmbedTask::Other(_)) => losses.lose("input_type"),
        Some(task) => {
            let known = TASKS.iter().find(|(_, own)| own == task);
            out.text_member("taskType", known.map(|(word, _)| JsonText::of(word)).as_ref());
        }
        None => {}
    }
    losses.lose_extras("input", &input.extra);
}

/// Reads vectors, be it one or several.
///
/// # Errors
/// [`DecodeFault::Field`]: there is none.
pub fn decode_embed_answer(body: &RawJson) -> Result<EmbedAnswer, DecodeFault> {
    let due = DecodeFault::Field { field: "embeddings", due: "a list of vectors" };
    let mut members = proto::as_message(body).ok_or(DecodeFault::Field { field: "body", due: "an object" })?;
    let one = members.take("embedding").map(|one| vec![one]);
    let all =
        one.or_else(|| members.take_as("embeddings", |raw| (raw.kind() == JsonKind::Array).then(|| raw.elements())));
    let values = |vector: &RawJson| proto::members(vector).take("values").map(EmbedVector::Floats);
    let vectors = all.and_then(|all| all.iter().map(values).collect::<Option<Vec<_>>>()).ok_or(due)?;
    let used = members.get("usageMetadata").map(proto::members).as_ref().and_then(usage::read);
    members.hush("usageMetadata");
    Ok(EmbedAnswer {
        wire: WireFormat::GenerateContent,
        model: None,
        vectors,
        usage: used.map(|used| Usage { output: None, ..used }),
        extra: members,
    })
}

/// Writes vectors: as the answer for one, or for several.
#[must_use]
pub fn encode_embed_answer(answer: &EmbedAnswer, one: bool, losses: &mut FieldLosses) -> Bytes {
    let own = answer.wire == WireFormat::GenerateContent;
    let mut out = JsonWriter::with_capacity(1_024);
    out.open().name(if one { "embedding" } else { "embeddings" });
    match answer.vectors.as_slice() {
        [vector] if one => write_vector(vector, &mut out),
        vectors if one => {
            losses.lose("embeddings");
            match vectors.first() {
                Some(vector) => write_vector(vector, &mut out),
                None => {
                    out.open().close();
                }
            }
        }
        vectors => {
            out.open_array();
            vectors.iter().for_each(|vector| write_vector(vector, &mut out));
            out.close_array();
        }
    }
    if own {
        out.members(&answer.extra);
    } else {
        if let Some(read) = answer.usage.and_then(|used| used.input.or(used.total)) {
            out.name("usageMetadata").open().name("promptTokenCount").number(read);
            out.name("totalTokenCount").number(read).close();
        }
        losses.lose_extras("", &answer.extra);
    }
    out.close();
    out.finish()
}

fn write_vector(vector: &EmbedVector, out: &mut JsonWriter) {
    out.open().name("values");
    vector.write_floats(out);
    out.close();
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
