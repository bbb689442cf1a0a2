//! An answer, written.

use bytes::Bytes;

use super::citation;
use crate::canon::logprobs;
use crate::canon::{AnswerContext, ChatAnswer, ChatChoice, ContentBlock, FieldLosses, JsonText, JsonWriter, RawJson};
use crate::gemini::part::{self, PartStyle};
use crate::gemini::{proto, stop, time, tokens, usage};
use crate::translate::ids;
use crate::wire::WireFormat;

/// Where parts are, for the names of what is lost.
const WITHIN: &str = "choices.content";

/// Writes an answer. What came in this wire is written as it stood; what came in another is mapped, with the model by the name
/// that the client asked for, and what has no place here named.
#[must_use]
pub fn encode_answer(answer: &ChatAnswer, context: &AnswerContext, losses: &mut FieldLosses) -> Bytes {
    let own = answer.wire == WireFormat::GenerateContent;
    let mut out = JsonWriter::with_capacity(1_024);
    out.open();
    if !answer.choices.is_empty() {
        out.name("candidates").open_array();
        for choice in &answer.choices {
            if own {
                write_own(choice, &mut out, losses);
            } else {
                write_other(choice, &mut out, losses);
            }
        }
        out.close_array();
    }
    if own {
        out.text_member("modelVersion", answer.model.as_ref()).text_member("responseId", answer.id.as_ref());
        match &answer.usage {
            _ if !answer.usage_extra.is_empty() => {
                out.name("usageMetadata").open().members(&answer.usage_extra).close();
            }
            Some(used) => {
                out.name("usageMetadata");
                usage::write(used, &mut out);
            }
            None => {}
        }
        out.members(&answer.extra).close();
        return out.finish();
    }
    if answer.choices.is_empty() && answer.blocked.is_some() {
        out.name("promptFeedback").open().name("blockReason").string("OTHER").close();
    }
    write_head(answer.id.as_ref(), context, &mut out);
    out.name("createTime").string(&time::written(answer.created.unwrap_or(context.now)));
    if let Some(used) = &answer.usage {
        out.name("usageMetadata");
        usage::write(used, &mut out);
    }
    losses.lose_extras("", &answer.extra);
    out.close();
    out.finish()
}

/// Writes what every chunk of an answer has: the model as the client asked for it, and an identifier.
pub(in crate::gemini) fn write_head(id: Option<&JsonText>, context: &AnswerContext, out: &mut JsonWriter) {
    out.name("modelVersion").string(&context.model).name("responseId");
    match id.filter(|id| !id.is_empty()) {
        Some(id) => out.text(id),
        None => out.string(&ids::base62(context.id, 22)),
    };
}

fn write_own(choice: &ChatChoice, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let style = PartStyle { own: true, within: WITHIN, reader: None, names: None, excuses: false };
    let blocks: Vec<_> = choice.blocks.iter().collect();
    out.open();
    let content = choice.extra.get("content").map(RawJson::members);
    if content.is_some() || !blocks.is_empty() {
        out.name("content").open();
        if !blocks.is_empty() {
            out.name("parts").open_array();
            part::write_all(&blocks, &style, out, losses);
            out.close_array();
        }
        out.members(&content.unwrap_or_default()).close();
    }
    if let Some(stop) = &choice.stop {
        if choice.extra.get("finishReason").is_none() {
            out.text_member("finishReason", Some(&stop.word));
        }
        out.raw_member("finishMessage", stop.details.as_ref());
    }
    let mut written = vec!["content"];
    match choice.extra.get("index") {
        None => {
            out.name("index").number(choice.index.into());
        }
        Some(_) => written.push("index"),
    }
    out.raw_member("logprobsResult", choice.logprobs.as_ref());
    proto::write_but(out, &choice.extra, &written);
    out.close();
}

fn write_other(choice: &ChatChoice, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let style = PartStyle { own: false, within: WITHIN, reader: None, names: None, excuses: false };
    let blocks: Vec<_> = choice.blocks.iter().collect();
    let calls = blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    out.open().name("content").open().name("parts").open_array();
    part::write_all(&blocks, &style, out, losses);
    out.close_array().name("role").string("model").close();
    if let Some(end) = &choice.stop {
        out.text_member("finishReason", Some(&stop::written(&end.word, end.kind, calls)));
        if end.sequence.is_some() {
            losses.lose("stop_sequence");
        }
    }
    out.name("index").number(choice.index.into());
    write_citations(&blocks, out, losses);
    write_logprobs(choice, out, losses);
    losses.lose_extras("choices", &choice.extra);
    out.close();
}

/// Writes the probabilities of tokens, which some wires say of the whole and some of each text.
fn write_logprobs(choice: &ChatChoice, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let of_texts = choice.blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(block) => block.logprobs.clone(),
        _ => None,
    });
    let said = choice.logprobs.clone().or_else(|| logprobs::joined(of_texts.collect()));
    match said.as_ref().map(tokens::result) {
        Some(Some(result)) => {
            out.name("logprobsResult").raw(&result);
        }
        Some(None) => losses.lose("choices.logprobs"),
        None => {}
    }
}

/// Writes what the texts rest on, its places counted over all of them.
fn write_citations(blocks: &[&ContentBlock], out: &mut JsonWriter, losses: &mut FieldLosses) {
    let mut text = String::new();
    let mut opened = false;
    for block in blocks {
        let ContentBlock::Text(block) = block else { continue };
        let before = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        text.push_str(&block.text.text());
        for note in &block.citations {
            if note.url.is_none() {
                losses.lose("choices.content.citations");
                continue;
            }
            if !opened {
                out.name("citationMetadata").open().name("citationSources").open_array();
                opened = true;
            }
            let mut note = note.clone();
            note.start = note.start.map(|start| start.saturating_add(before));
            note.end = note.end.map(|end| end.saturating_add(before));
            citation::write(&note, |characters| citation::bytes(&text, characters), out);
        }
    }
    if opened {
        out.close_array().close();
    }
}
