//! Whole answers (`V2ChatResponse`).

use weir_http::json::JsonKind;

use super::{citations, logprobs, stop, usage};
use crate::canon::{
    ChatAnswer, ChatChoice, ContentBlock, DecodeFault, JsonText, OtherBlock, RawJson, RawMembers, ReasoningBlock,
    TextBlock, ToolInput, ToolUseBlock,
};
use crate::wire::WireFormat;

/// Reads an answer.
///
/// # Errors
/// [`DecodeFault::Field`]: it has no message, or says that the model failed.
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    let mut members = body.members();
    let due = DecodeFault::Field { field: "message", due: "an object" };
    let mut message = members.take_members("message").ok_or(due)?;
    let mut answer = ChatAnswer::new(WireFormat::CohereChat);
    let mut choice = ChatChoice { blocks: said(&mut message), ..ChatChoice::default() };
    if let Some(word) = members.take_text("finish_reason") {
        let failed = DecodeFault::Field { field: "finish_reason", due: "that of an answer" };
        choice.stop = Some(stop::read(word).ok_or(failed)?);
    }
    choice.logprobs = members.take_elements("logprobs").and_then(|items| logprobs::read(&items));
    choice.extra = message;
    for name in ["role", "content", "citations", "tool_calls", "tool_plan"] {
        choice.extra.hush(name);
    }
    answer.choices.push(choice);
    answer.id = members.take_text("id");
    let counts = |raw: &RawJson| Some(raw.members()).filter(|used| usage::read(used).is_some());
    answer.usage_extra = members.take_as("usage", counts).unwrap_or_default();
    answer.usage = usage::read(&answer.usage_extra);
    for name in ["usage", "meta"] {
        members.hush(name);
    }
    answer.extra = members;
    Ok(answer)
}

/// What a message says: thoughts, the plan for its calls, texts with what they rest on, and calls.
fn said(message: &mut RawMembers) -> Vec<ContentBlock> {
    let mut blocks = Vec::new();
    match message.get("content").map(RawJson::kind) {
        Some(JsonKind::String) => blocks.extend(message.take_text("content").and_then(text)),
        _ => {
            let items = message.take_elements("content").unwrap_or_default();
            let cited = message.take_elements("citations").unwrap_or_default();
            blocks.extend(items.iter().enumerate().filter_map(|(at, item)| {
                let is_last = at + 1 == items.len();
                part(item, |index| index == at || (index == usize::MAX && is_last), &cited)
            }));
        }
    }
    let plan = message.take_text("tool_plan").filter(|plan| !plan.is_empty());
    let thoughts = blocks.iter().take_while(|block| matches!(block, ContentBlock::Reasoning(_))).count();
    if let Some(plan) = plan {
        blocks.insert(thoughts, thought(plan));
    }
    let calls = message.take_elements("tool_calls").unwrap_or_default();
    blocks
        .extend(calls.iter().map(|call| call_of(call).map_or_else(|| other("tool_call", call), ContentBlock::ToolUse)));
    blocks
}

fn part(item: &RawJson, is_here: impl Fn(usize) -> bool, cited: &[RawJson]) -> Option<ContentBlock> {
    let mut members = item.members();
    let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
    if kind.is("thinking") {
        return members.take_text("thinking").filter(|text| !text.is_empty()).map(thought);
    }
    let Some(said) = members.take_text("text") else { return Some(other(&kind.text(), item)) };
    let mut block = TextBlock::of(said);
    let notes = cited.iter().filter(|raw| citations::content_index(raw).is_some_and(&is_here));
    block.citations = notes.filter_map(citations::read).collect();
    (!block.text.is_empty()).then_some(ContentBlock::Text(block))
}

fn text(text: JsonText) -> Option<ContentBlock> {
    (!text.is_empty()).then(|| ContentBlock::Text(TextBlock::of(text)))
}

fn thought(text: JsonText) -> ContentBlock {
    ContentBlock::Reasoning(ReasoningBlock { text: vec![text], ..ReasoningBlock::default() })
}

fn other(kind: &str, raw: &RawJson) -> ContentBlock {
    ContentBlock::Other(OtherBlock { kind: kind.into(), raw: raw.clone() })
}

fn call_of(raw: &RawJson) -> Option<ToolUseBlock> {
    let mut members = raw.members();
    let mut function = members.take_members("function")?;
    let id = members.take_text("id").filter(|id| !id.is_empty());
    let input = match function.take_text("arguments") {
        Some(text) => ToolInput::Text(text),
        None => function.take("arguments").map_or(ToolInput::Text(JsonText::EMPTY), ToolInput::Json),
    };
    Some(ToolUseBlock::of(id, function.take_text("name")?, input))
}
