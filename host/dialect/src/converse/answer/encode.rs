//! Writes whole answers.

use bytes::Bytes;

use super::stop;
use crate::canon::{AnswerContext, ChatAnswer, ChatChoice, ContentBlock, FieldLosses, JsonWriter, RawMembers};
use crate::converse::blocks::encode::{ConverseBlocks, SignatureReader};
use crate::converse::blocks::sink::BlockSink;
use crate::converse::rest::{left, rest, write_but};
use crate::converse::{usage, vendor_of_model};
use crate::wire::WireFormat;

/// Writes an answer.
pub fn encode_answer(answer: &ChatAnswer, context: &AnswerContext, losses: &mut FieldLosses) -> Bytes {
    let own = answer.wire == WireFormat::Converse;
    let none = ChatChoice::default();
    let choice = answer.choices.first().unwrap_or(&none);
    let mut out = JsonWriter::default();
    out.open();
    let mut out = write_output(out, answer, choice, context, losses);
    let word = match &choice.stop {
        Some(stop) if own => Some(stop.word.clone()),
        Some(stop) => Some(crate::canon::JsonText::of(stop::word(stop))),
        None if own => None,
        None if answer.blocked.is_some() => Some(crate::canon::JsonText::of("guardrail_intervened")),
        None if calls(choice) => Some(crate::canon::JsonText::of("tool_use")),
        None => Some(crate::canon::JsonText::of("end_turn")),
    };
    out.text_member("stopReason", word.as_ref());
    match &answer.usage {
        Some(used) => usage::write(out.name("usage"), used, &answer.usage_extra),
        None if own => {}
        None => usage::write(out.name("usage"), &weir_usage::Usage::default(), &RawMembers::default()),
    }
    if own {
        let tier = left(&answer.extra, "serviceTier");
        if answer.service_tier.is_some() || tier.is_some() {
            out.name("serviceTier").open().text_member("type", answer.service_tier.as_ref());
            out.members(&tier.unwrap_or_default()).close();
        }
        write_but(&mut out, &answer.extra, &["output", "serviceTier"]);
    } else {
        // Nobody but Bedrock says how long it took.
        out.name("metrics").open().name("latencyMs").number(0).close();
        if let Some(sequence) = choice.stop.as_ref().and_then(|stop| stop.sequence.as_ref()) {
            out.name("additionalModelResponseFields").open().name("stop_sequence").text(sequence).close();
        }
        note(answer, losses);
    }
    out.close();
    out.finish()
}

/// Whether it calls a tool of the client's.
fn calls(choice: &ChatChoice) -> bool {
    choice.blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)))
}

/// Writes the message.
fn write_output(
    mut out: JsonWriter,
    answer: &ChatAnswer,
    choice: &ChatChoice,
    context: &AnswerContext,
    losses: &mut FieldLosses,
) -> JsonWriter {
    let own = answer.wire == WireFormat::Converse;
    let output = if own { rest(&answer.extra, "output") } else { RawMembers::default() };
    let message = rest(&output, "message");
    out.name("output").open().name("message").open();
    if message.get("role").is_none() {
        out.name("role").string("assistant");
    }
    if !own || !choice.blocks.is_empty() {
        out.name("content").open_array();
        let mut sink = BlockSink::of_blocks(out);
        let mut blocks = ConverseBlocks::new(own, SignatureReader::Client(vendor_of_model(&context.model)), losses);
        blocks.answer = context.id;
        for block in &choice.blocks {
            blocks.write(block, &mut sink);
        }
        out = sink.finish();
        out.close_array();
    }
    out.members(&message).close();
    write_but(&mut out, &output, &["message"]);
    out.close();
    out
}

/// Names what another wire says and this one cannot.
fn note(answer: &ChatAnswer, losses: &mut FieldLosses) {
    if answer.choices.len() > 1 {
        losses.lose("choices");
    }
    if answer.choices.iter().any(|choice| choice.logprobs.is_some()) {
        losses.lose("logprobs");
    }
    losses.lose_extras("", &answer.extra);
    for choice in answer.choices.iter().take(1) {
        losses.lose_extras("choices", &choice.extra);
    }
}
