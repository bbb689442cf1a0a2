//! An answer, read.

use weir_http::json::JsonKind;

use crate::canon::{ChatAnswer, ChatChoice, ContentBlock, ContentForm, DecodeFault, JsonText, RawJson, RawMembers};
use crate::chat::request::{take_beside, take_content};
use crate::chat::writing::{keep, object, take_said};
use crate::chat::{stop, thoughts, usage};
use crate::wire::WireFormat;

/// The most choices that are read (OpenAI's API reference, `n`).
pub(in crate::chat) const MOST_CHOICES: usize = 128;

/// Reads a chat completion (OpenAI's API reference, `CreateChatCompletionResponse`).
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, or has no list of choices. [`DecodeFault::TooMany`].
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let choices = members.take_elements("choices").ok_or(DecodeFault::Field { field: "choices", due: "a list" })?;
    if choices.len() > MOST_CHOICES {
        return Err(DecodeFault::TooMany { what: "choices", most: MOST_CHOICES });
    }
    let mut answer = ChatAnswer::new(WireFormat::Chat);
    answer.choices = (0..).zip(&choices).map(|(at, raw)| choice(at, raw)).collect::<Result<_, _>>()?;
    answer.id = take_said(&mut members, "id");
    answer.model = take_said(&mut members, "model");
    answer.created = members.take_unsigned("created");
    answer.service_tier = take_said(&mut members, "service_tier");
    let counts = |raw: &RawJson| Some(raw.members()).filter(|used| usage::read(used).is_some());
    answer.usage_extra = members.take_as("usage", counts).unwrap_or_default();
    answer.usage = usage::read(&answer.usage_extra);
    // What goes without saying in any other wire.
    for name in ["object", "system_fingerprint", "id", "service_tier", "usage"] {
        members.hush(name);
    }
    answer.extra = members;
    Ok(answer)
}

fn choice(at: u32, raw: &RawJson) -> Result<ChatChoice, DecodeFault> {
    let mut members = raw.members();
    let index = members.take_unsigned("index").and_then(|index| u32::try_from(index).ok()).unwrap_or(at);
    let mut message = members.take_members("message").unwrap_or_default();
    let mut blocks: Vec<_> = thoughts::take(&mut message).into_iter().map(ContentBlock::Reasoning).collect();
    let form = take_content(&mut message, &mut blocks)?;
    take_beside(&mut message, &mut blocks);
    keep_form(&mut message, form, blocks.iter().any(|block| matches!(block, ContentBlock::Text(_))));
    keep(&mut members, super::message::MESSAGE, object(&message));
    let calls = blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_)));
    let stop = take_said(&mut members, "finish_reason").map(|word| stop::read(word, calls));
    // Empty, or said in the midst of an answer that is whole.
    members.hush("finish_reason");
    members.hush("delta");
    let logprobs = members.take("logprobs");
    Ok(ChatChoice { index, blocks, stop, logprobs, extra: members })
}

/// Keeps how the content was written where that cannot be told from what it says.
fn keep_form(message: &mut RawMembers, form: ContentForm, said: bool) {
    let sign = match form {
        ContentForm::Text if !said => RawJson::of_text(&JsonText::EMPTY),
        ContentForm::Null => RawJson::NULL,
        ContentForm::Parts | ContentForm::Object => RawJson::boolean(true),
        ContentForm::Text | ContentForm::Absent => return,
    };
    message.push("content", sign);
}
