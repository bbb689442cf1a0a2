//! An answer, written.

use bytes::Bytes;

use super::message::{MESSAGE, write_new, write_own};
use crate::canon::logprobs;
use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ContentBlock, FieldLosses, JsonText, JsonWriter, RawJson, StopKind,
};
use crate::chat::writing::ChatWriting;
use crate::chat::{stop, tokens, usage};
use crate::translate::ids::{self, ToolIdGrammar};
use crate::wire::WireFormat;

/// Writes a chat completion (OpenAI's API reference, `CreateChatCompletionResponse`). What came in this wire is written back.
#[must_use]
pub fn encode_answer(answer: &ChatAnswer, context: &AnswerContext, losses: &mut FieldLosses) -> Bytes {
    let own = answer.wire == WireFormat::Chat;
    let mut writing =
        ChatWriting { own, reader: None, marks: false, ids: ToolIdGrammar::Any, document_url: false, losses };
    let mut out = JsonWriter::with_capacity(4096);
    out.open();
    if own {
        write_own_answer(&mut out, answer, &mut writing);
    } else {
        write_new_answer(&mut out, answer, context, &mut writing);
    }
    out.close();
    out.finish()
}

fn write_own_answer(out: &mut JsonWriter, answer: &ChatAnswer, writing: &mut ChatWriting<'_>) {
    out.text_member("id", answer.id.as_ref()).text_member("model", answer.model.as_ref());
    out.number_member("created", answer.created).text_member("service_tier", answer.service_tier.as_ref());
    out.name("choices").open_array();
    for choice in &answer.choices {
        out.open().name("index").number(choice.index.into()).name("message");
        write_own(out, choice, writing);
        out.raw_member("logprobs", choice.logprobs.as_ref());
        out.text_member("finish_reason", choice.stop.as_ref().map(|stop| &stop.word));
        writing.rest(out, "choices", &choice.extra, &[MESSAGE]);
        out.close();
    }
    out.close_array();
    if usage::read(&answer.usage_extra) == answer.usage && !answer.usage_extra.is_empty() {
        out.name("usage").open().members(&answer.usage_extra).close();
    } else if let Some(used) = &answer.usage {
        out.name("usage");
        usage::write(out, used);
    }
    writing.rest(out, "", &answer.extra, &[]);
}

fn write_new_answer(out: &mut JsonWriter, answer: &ChatAnswer, context: &AnswerContext, writing: &mut ChatWriting<'_>) {
    writing.losses.lose_extras("", &answer.extra);
    out.name("id").text(answer.id.as_ref().unwrap_or(&made_id(context)));
    out.name("object").string("chat.completion").name("created").number(answer.created.unwrap_or(context.now));
    out.name("model").string(&context.model).name("choices").open_array();
    let calls_before = std::cell::Cell::new(0);
    for choice in &answer.choices {
        writing.losses.lose_extras("choices", &choice.extra);
        let begins = calls_before.get();
        let made = |number: usize| {
            calls_before.set(calls_before.get().max(begins + number + 1));
            Some(ids::made(context.id, begins + number))
        };
        out.open().name("index").number(choice.index.into()).name("message");
        write_new(out, choice, &made, writing);
        write_end(out, choice, writing.losses);
        out.close();
    }
    if answer.choices.is_empty() && answer.blocked.is_some() {
        out.open().name("index").number(0).name("message").open().name("role").string("assistant");
        out.name("content").string("").name("refusal").null().close();
        out.name("logprobs").null().name("finish_reason").string("content_filter").close();
    }
    out.close_array();
    if let Some(used) = &answer.usage {
        out.name("usage");
        usage::write(out, used);
    }
}

/// The identifier of an answer whose wire has none.
pub(in crate::chat) fn made_id(context: &AnswerContext) -> JsonText {
    JsonText::of(&format!("chatcmpl-{}", ids::base62(context.id, 22)))
}

fn write_end(out: &mut JsonWriter, choice: &ChatChoice, losses: &mut FieldLosses) {
    out.name("logprobs");
    match probabilities(choice).as_ref().and_then(tokens::written) {
        Some(raw) => out.raw(&raw),
        None => {
            if choice.logprobs.is_some() {
                losses.lose("choices.logprobs");
            }
            out.null()
        }
    };
    let refused = choice.blocks.iter().any(|block| matches!(block, ContentBlock::Refusal(_)));
    let calls = choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    let kind = match &choice.stop {
        Some(stop) => stop.kind,
        None if calls => StopKind::ToolUse,
        None => StopKind::End,
    };
    if kind == StopKind::Other
        && let Some(stop) = &choice.stop
    {
        losses.lose_extra("stop", stop.word.text().as_bytes());
    }
    out.name("finish_reason").string(stop::word(kind, refused));
}

/// What is said of the probability of tokens, be it of the choice or, as OpenAI's responses say it, of each text.
fn probabilities(choice: &ChatChoice) -> Option<RawJson> {
    let of_text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.logprobs.clone(),
        _ => None,
    };
    choice.logprobs.clone().or_else(|| logprobs::joined(choice.blocks.iter().filter_map(of_text).collect()))
}
