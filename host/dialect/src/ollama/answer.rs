//! Whole answers.

use super::{calls, usage};
use crate::canon::{ChatAnswer, ChatChoice, ContentBlock, DecodeFault, RawJson, ReasoningBlock, TextBlock};
use crate::wire::WireFormat;

/// Reads an answer.
///
/// # Errors
/// [`DecodeFault::Field`]: it has no message, or is a piece of a stream.
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    let mut members = body.members();
    let due = DecodeFault::Field { field: "message", due: "an object" };
    let mut message = members.take_members("message").ok_or(due)?;
    if members.get("done").and_then(RawJson::is_true) == Some(false) {
        return Err(DecodeFault::Field { field: "done", due: "true" });
    }
    let mut choice = ChatChoice::default();
    if let Some(text) = calls::said(&mut message, "thinking") {
        choice.blocks.push(ContentBlock::Reasoning(ReasoningBlock { text: vec![text], ..ReasoningBlock::default() }));
    }
    let text = calls::said(&mut message, "content");
    choice.blocks.extend(text.map(|text| ContentBlock::Text(TextBlock::of(text))));
    let calls = calls::take(&mut message);
    choice.stop = Some(usage::stop(members.take_text("done_reason"), !calls.is_empty()));
    choice.blocks.extend(calls.into_iter().map(ContentBlock::ToolUse));
    choice.logprobs = members.take_as("logprobs", |raw| (!raw.elements().is_empty()).then(|| raw.clone()));
    for name in ["role", "content", "thinking"] {
        message.hush(name);
    }
    choice.extra = message;
    let mut answer = ChatAnswer::new(WireFormat::OllamaChat);
    answer.choices.push(choice);
    answer.model = members.take_text("model");
    answer.usage = usage::read(&members);
    usage::TOLD.iter().for_each(|name| members.hush(name));
    answer.extra = members;
    Ok(answer)
}
