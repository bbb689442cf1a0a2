//! How an answer is written.

use std::borrow::Cow;

use bytes::Bytes;

use super::output::OutputItems;
use crate::canon::{AnswerContext, ChatAnswer, ChatChoice, ContentBlock, FieldLosses, JsonWriter, RawJson};
use crate::responses::echo::RequestEcho;
use crate::responses::kinds::NewItemIds;
use crate::responses::response::{self, ResponseSoFar};
use crate::responses::stop;
use crate::wire::WireFormat;

/// Writes an answer as this wire has it. What it has not is named by `losses`.
#[must_use]
pub fn encode_answer(answer: &ChatAnswer, context: &AnswerContext, losses: &mut FieldLosses) -> Bytes {
    let own = answer.wire == WireFormat::Responses;
    if answer.choices.len() > 1 {
        losses.lose("choices");
    }
    let choice = answer.choices.first();
    let blocks = choice.map(blocks).unwrap_or_default();
    let incomplete = if answer.blocked.is_some() {
        Some("content_filter")
    } else {
        stop::incomplete(choice.and_then(|choice| choice.stop.as_ref()))
    };
    let status = if incomplete.is_some() { "incomplete" } else { "completed" };
    let mut ids = NewItemIds::of(context.id);
    let mut items = OutputItems { own, ids: &mut ids, answer: context.id, calls: 0 };
    let items = items.write(&blocks, status, losses);
    if own {
        return same(answer, &items);
    }
    losses.lose_extras("", &answer.extra);
    if let Some(choice) = choice {
        losses.lose_extras("choices", &choice.extra);
    }
    let created = answer.created.unwrap_or(context.now);
    let head = ResponseSoFar {
        id: &ids.answer(answer.id.as_ref()),
        model: &context.model,
        created,
        completed: incomplete.is_none().then(|| created.max(context.now)),
        status,
        incomplete,
        error: None,
        service_tier: answer.service_tier.as_ref(),
    };
    let mut out = JsonWriter::with_capacity(2048 + items.iter().map(|item| item.bytes().len()).sum::<usize>());
    response::write(&mut out, &head, &RequestEcho::of(&context.request), items.iter(), answer.usage.as_ref());
    out.finish()
}

/// The blocks of a choice. What it says of the probability of its words as a whole belongs to its first text here.
fn blocks(choice: &ChatChoice) -> Cow<'_, [ContentBlock]> {
    let Some(logprobs) = &choice.logprobs else { return Cow::Borrowed(&choice.blocks) };
    let mut blocks = choice.blocks.clone();
    let first = blocks.iter_mut().find_map(|block| match block {
        ContentBlock::Text(text) if text.logprobs.is_none() => Some(text),
        _ => None,
    });
    if let Some(text) = first {
        text.logprobs = Some(logprobs.clone());
    }
    Cow::Owned(blocks)
}

/// The answer as it was.
fn same(answer: &ChatAnswer, items: &[RawJson]) -> Bytes {
    let mut out = JsonWriter::with_capacity(2048);
    out.open().text_member("id", answer.id.as_ref()).number_member("created_at", answer.created);
    out.text_member("model", answer.model.as_ref()).name("output").open_array();
    for item in items {
        out.raw(item);
    }
    out.close_array().text_member("service_tier", answer.service_tier.as_ref());
    if !answer.usage_extra.is_empty() {
        out.name("usage").open().members(&answer.usage_extra).close();
    }
    out.members(&answer.extra).close();
    out.finish()
}
