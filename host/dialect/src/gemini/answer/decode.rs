//! An answer, read.

use weir_http::json::JsonKind;

use super::citation;
use crate::canon::{ChatAnswer, ChatChoice, ChatStop, ContentBlock, DecodeFault, JsonText, RawJson, RawMembers};
use crate::gemini::{part, proto, stop, usage};
use crate::wire::WireFormat;

/// What says why a question was refused.
pub(in crate::gemini) const BLOCKED: &str = "promptFeedback";

/// Reads an answer. What Google alone says, such as `groundingMetadata`, stays in the extras of its candidate.
///
/// Source: Gemini API reference, `GenerateContentResponse`.
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, has nothing of an answer, or its candidates are no list of objects.
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    let mut members = proto::as_message(body).ok_or(DecodeFault::Field { field: "body", due: "an object" })?;
    let mut answer = ChatAnswer::new(WireFormat::GenerateContent);
    answer.id = members.take_text("responseId");
    answer.model = members.take_text("modelVersion");
    answer.created =
        members.get("createTime").and_then(RawJson::text).and_then(|text| crate::gemini::time::read(&text.text()));
    if answer.created.is_some() {
        // It has fractions of a second.
        members.hush("createTime");
    }
    if let Some(metadata) = members.take_as("usageMetadata", |raw| proto::as_message(raw).filter(|all| !all.is_empty()))
    {
        answer.usage = usage::read(&metadata);
        answer.usage_extra = metadata;
    }
    let due = DecodeFault::Field { field: "candidates", due: "a list of objects" };
    if let Some(candidates) = members.take("candidates") {
        if candidates.kind() != JsonKind::Array {
            return Err(due);
        }
        for (at, candidate) in candidates.elements().iter().enumerate() {
            let candidate = proto::as_message(candidate).ok_or(due.clone())?;
            answer.choices.push(choice(candidate, at));
        }
        if answer.choices.is_empty() {
            members.push("candidates", candidates);
        }
    }
    let is_answer = ["candidates", BLOCKED].iter().any(|name| members.get(name).is_some());
    if answer.choices.is_empty() && !is_answer && answer.usage_extra.is_empty() {
        return Err(due);
    }
    if answer.choices.is_empty() {
        answer.blocked = members.get(BLOCKED).and_then(|raw| stop::word(proto::members(raw).get("blockReason")?));
    }
    members.hush(BLOCKED);
    answer.extra = members;
    Ok(answer)
}

fn choice(mut candidate: RawMembers, at: usize) -> ChatChoice {
    let place = u32::try_from(at).unwrap_or(u32::MAX);
    let mut choice = ChatChoice { index: place, ..ChatChoice::default() };
    match candidate.take_unsigned("index").and_then(|index| u32::try_from(index).ok()) {
        Some(index) => choice.index = index,
        // Nobody said: it is its place.
        None => candidate.push("index", RawJson::NULL),
    }
    if let Some(mut content) = proto::take_message(&mut candidate, "content") {
        part::read_all(&mut content, &mut choice.blocks);
        proto::put_quietly(&mut candidate, "content", proto::of_members(&content));
    }
    let calls = choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    choice.stop = take_stop(&mut candidate, calls);
    choice.logprobs = candidate.take("logprobsResult");
    if let Some(metadata) = candidate.get("citationMetadata").cloned() {
        cite(&metadata, &mut choice.blocks);
        candidate.hush("citationMetadata");
    }
    // What is Google's opinion of an answer is nothing that anybody else has.
    candidate.hush("safetyRatings");
    candidate.hush("avgLogprobs");
    candidate.hush("tokenCount");
    choice.extra = candidate;
    choice
}

/// Takes out why a candidate ends, and what is said beside it.
fn take_stop(candidate: &mut RawMembers, calls: bool) -> Option<ChatStop> {
    let reason = candidate.get("finishReason")?.clone();
    let word = stop::word(&reason)?;
    if reason.text().is_some() {
        candidate.take("finishReason");
    } else {
        // The number stays as it stood.
        candidate.hush("finishReason");
    }
    let kind = stop::kind(&word, calls);
    Some(ChatStop { kind, word, sequence: None, details: candidate.take("finishMessage") })
}

/// Gives the last text what the texts rest on.
fn cite(metadata: &RawJson, blocks: &mut [ContentBlock]) {
    let texts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(block) => Some(&block.text),
        _ => None,
    });
    let all: Vec<&JsonText> = texts.collect();
    let text = JsonText::concat(all);
    let notes = citation::read(metadata, |bytes| citation::characters(&text.text(), bytes));
    let last = blocks.iter_mut().rev().find_map(|block| match block {
        ContentBlock::Text(block) => Some(block),
        _ => None,
    });
    if let Some(block) = last {
        block.citations = notes;
    }
}
