//! A whole answer as a view has it.

use super::speech::{self, ShownSpeech};
use super::write::ViewWriter;
use crate::canon::logprobs;
use crate::canon::{AnswerContext, ChatAnswer, ChatChoice, ContentBlock, JsonText, RawJson, StopKind};
use crate::chat;
use crate::translate::ids;

/// Writes an answer, but for what is told with the rest. Of each choice is answered where what it says comes from.
pub(super) fn write(out: &mut ViewWriter, answer: &ChatAnswer, context: &AnswerContext) -> Vec<ShownSpeech> {
    out.is_answer = true;
    out.out.name("id");
    match &answer.id {
        Some(id) => out.text(id),
        None => {
            out.out.string(&format!("chatcmpl-{}", ids::base62(context.id, 22)));
        }
    }
    out.out.name("object").string("chat.completion").name("created").number(answer.created.unwrap_or(context.now));
    out.out.name("model").string(&context.model).name("choices").open_array();
    let shown = answer.choices.iter().map(|choice| write_choice(out, choice)).collect();
    if answer.choices.is_empty() {
        write_none(out, answer.blocked.as_ref());
    }
    out.out.close_array();
    if let Some(used) = &answer.usage {
        out.out.name("usage");
        chat::write_usage(&mut out.out, used);
    }
    out.text_member("service_tier", answer.service_tier.as_ref());
    out.extras(&answer.extra);
    shown
}

fn write_choice(out: &mut ViewWriter, choice: &ChatChoice) -> ShownSpeech {
    out.out.open().name("index").number(choice.index.into()).name("message");
    out.out.open().name("role").string("assistant");
    let blocks: Vec<_> = choice.blocks.iter().enumerate().collect();
    let shown = speech::write(out, &blocks);
    out.out.close().name("logprobs");
    write_tokens(out, choice);
    let is = |kind: fn(&ContentBlock) -> bool| choice.blocks.iter().any(kind);
    let kind = match &choice.stop {
        Some(stop) => stop.kind,
        None if is(|block| matches!(block, ContentBlock::ToolUse(_))) => StopKind::ToolUse,
        None => StopKind::End,
    };
    let refused = is(|block| matches!(block, ContentBlock::Refusal(_)));
    out.out.name("finish_reason").string(chat::stop_word(kind, refused));
    if let Some(stop) = &choice.stop {
        let details = stop.details.as_ref().filter(|details| out.is_of_body(details));
        for (name, value) in
            [("stop_sequence", stop.sequence.as_ref().map(RawJson::of_text)), ("stop_details", details.cloned())]
        {
            if let Some(value) = value {
                out.own_name(name.as_bytes());
                out.raw(&value);
            }
        }
    }
    out.extras(&choice.extra);
    out.out.close();
    shown
}

/// The tokens of what is said, in chat's words; of other words than are known, none.
fn write_tokens(out: &mut ViewWriter, choice: &ChatChoice) {
    let of_text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.logprobs.clone(),
        _ => None,
    };
    let of_texts: Vec<_> = choice.blocks.iter().filter_map(of_text).collect();
    let all = choice.logprobs.clone().or_else(|| logprobs::joined(of_texts.clone()));
    match all.as_ref().and_then(chat::written_tokens) {
        Some(tokens) => {
            out.out.raw(&tokens);
            choice.logprobs.iter().chain(&of_texts).for_each(|raw| out.retell(raw));
        }
        None => {
            out.out.null();
        }
    }
}

/// Whoever asked reads an answer without a choice as one that says nothing.
fn write_none(out: &mut ViewWriter, blocked: Option<&JsonText>) {
    out.out.open().name("index").number(0).name("message").open().name("role").string("assistant");
    out.out.name("content").string("").close().name("logprobs").null();
    out.out.name("finish_reason").string(if blocked.is_some() { "content_filter" } else { "stop" }).close();
}
