//! A whole answer, written.

use bytes::Bytes;

use crate::canon::{
    AnswerContext, ChatAnswer, ChatChoice, ContentBlock, FieldLosses, JsonText, JsonWriter, ToolUseBlock,
};
use crate::messages::content::write::{MessageReader, MessageWriter};
use crate::messages::stop::{self, StopSigns};
use crate::messages::usage::MessageCounts;
use crate::translate::ids;
use crate::wire::WireFormat;

/// Writes an answer of any wire for a client of this one. One of this wire is written as it was.
pub fn encode_answer(answer: &ChatAnswer, context: &AnswerContext, losses: &mut FieldLosses) -> Bytes {
    let same = answer.wire == WireFormat::Messages;
    let none = ChatChoice::default();
    let choice = answer.choices.first().unwrap_or(&none);
    let mut out = JsonWriter::with_capacity(1024);
    out.open();
    if same {
        out.text_member("id", answer.id.as_ref());
    } else {
        out.name("id").text(&answer.id.clone().unwrap_or_else(|| message_id(context.id)));
    }
    out.name("type").string("message").name("role").string("assistant");
    match answer.model.as_ref().filter(|_| same) {
        Some(model) => out.name("model").text(model),
        None => out.name("model").string(&context.model),
    };
    out.name("content").open_array();
    let mut blocks = MessageWriter::new(same, MessageReader::Client(context.id), losses);
    for block in &choice.blocks {
        blocks.block(&mut out, block);
    }
    out.close_array();
    if same {
        same_end(&mut out, answer, choice);
    } else {
        foreign_end(&mut out, answer, choice, losses);
    }
    out.close();
    out.finish()
}

/// The identifier of a message that has none.
pub(in crate::messages) fn message_id(answer: u128) -> JsonText {
    JsonText::of(&format!("msg_{}", ids::base62(answer, 22)))
}

fn same_end(out: &mut JsonWriter, answer: &ChatAnswer, choice: &ChatChoice) {
    if let Some(stop) = &choice.stop {
        out.name("stop_reason").text(&stop.word);
        out.text_member("stop_sequence", stop.sequence.as_ref()).raw_member("stop_details", stop.details.as_ref());
    }
    if let Some(usage) = &answer.usage {
        out.name("usage").open();
        MessageCounts::of(usage).write(out);
        out.text_member("service_tier", answer.service_tier.as_ref()).members(&answer.usage_extra).close();
    }
    out.members(&answer.extra);
}

fn foreign_end(out: &mut JsonWriter, answer: &ChatAnswer, choice: &ChatChoice, losses: &mut FieldLosses) {
    let stop = choice.stop.as_ref();
    let signs = StopSigns {
        calls: choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(ToolUseBlock { .. }))),
        refusal: choice.blocks.iter().any(|block| matches!(block, ContentBlock::Refusal(_))),
    };
    // What was refused before the model saw it has no words.
    let blocked = answer.blocked.is_some() && choice.blocks.is_empty();
    let word = if blocked { "refusal" } else { stop::word(stop, signs, losses) };
    out.name("stop_reason").string(word).name("stop_sequence");
    match stop::sequence(stop) {
        Some(sequence) => out.text(sequence),
        None => out.null(),
    };
    out.name("usage").open();
    MessageCounts::of(&answer.usage.unwrap_or_default()).whole().write(out);
    match answer.service_tier.as_ref().map(JsonText::text).as_deref() {
        Some("default" | "standard") => {
            out.name("service_tier").string("standard");
        }
        Some("priority") => {
            out.name("service_tier").string("priority");
        }
        Some(_) => losses.lose("service_tier"),
        None => {}
    }
    out.close();
    if answer.choices.len() > 1 {
        losses.lose("choices");
    }
    if choice.logprobs.is_some() {
        losses.lose("logprobs");
    }
    if stop.is_some_and(|stop| stop.details.is_some()) {
        losses.lose("stop_details");
    }
    losses.lose_extras("choices", &choice.extra);
    losses.lose_extras("", &answer.extra);
}
