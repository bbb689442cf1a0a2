//! How an answer is read.

use weir_http::json::{self, JsonKind};

use crate::canon::{ChatAnswer, ChatChoice, ContentBlock, DecodeFault, JsonWriter, OtherBlock, RawJson, RawMembers};
use crate::responses::stop::{self, SaidOfEnd};
use crate::responses::{items, kinds, parts, usage};
use crate::wire::WireFormat;

/// What an answer repeats of the request, and what goes without saying elsewhere.
const REPEATED: [&str; 31] = [
    "object",
    "status",
    "error",
    "incomplete_details",
    "completed_at",
    "background",
    "billing",
    "content_filters",
    "frequency_penalty",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// Reads the body of an answer (OpenAI's API reference, "The response object").
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, or has no list of what was put out.
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let output = members.take_elements("output").ok_or(DecodeFault::Field { field: "output", due: "a list" })?;
    let mut answer = ChatAnswer::new(WireFormat::Responses);
    answer.id = members.take_text("id");
    answer.model = members.take_text("model");
    answer.created = members.take_as("created_at", |raw| json::unsigned(raw.bytes()));
    answer.service_tier = members.take_text("service_tier");
    let full = |raw: &RawJson| Some(raw.members()).filter(|members| !members.is_empty());
    answer.usage_extra = members.take_as("usage", full).unwrap_or_default();
    answer.usage = usage::read(&answer.usage_extra);
    let blocks: Vec<_> = output.iter().flat_map(blocks).collect();
    let status = members.get("status").and_then(RawJson::text);
    let stop = stop::read(status.as_ref(), members.get("incomplete_details"), said(&blocks));
    for name in REPEATED {
        members.hush(name);
    }
    members.hush("user");
    answer.choices = vec![ChatChoice { blocks, stop: Some(stop), ..ChatChoice::default() }];
    answer.extra = members;
    Ok(answer)
}

fn said(blocks: &[ContentBlock]) -> SaidOfEnd {
    SaidOfEnd {
        calls: blocks.iter().any(|block| matches!(block, ContentBlock::ToolUse(_))),
        refuses: blocks.iter().any(|block| matches!(block, ContentBlock::Refusal(_))),
    }
}

/// The blocks of an item.
fn blocks(item: &RawJson) -> Vec<ContentBlock> {
    match kinds::kind_of(item) {
        Some(kind) if kind.is("message") => message(item)
            .unwrap_or_else(|| vec![ContentBlock::Other(OtherBlock { kind: "message".into(), raw: item.clone() })]),
        _ => vec![items::read(item)],
    }
}

/// The parts of a message, the first of which keeps what else the message says; none where there are none, or others than texts
/// and refusals.
fn message(item: &RawJson) -> Option<Vec<ContentBlock>> {
    let mut head = item.members();
    let content = head.take_as("content", |raw| (raw.kind() == JsonKind::Array).then(|| raw.clone()))?;
    let mut blocks = parts::read_all(&content);
    let known = |block: &ContentBlock| match block {
        ContentBlock::Text(part) | ContentBlock::Refusal(part) => part.extra.get(parts::ITEM).is_none(),
        _ => false,
    };
    if !blocks.iter().all(known) {
        return None;
    }
    let (ContentBlock::Text(first) | ContentBlock::Refusal(first)) = blocks.first_mut()? else { return None };
    first.extra.push(parts::ITEM, object(&head));
    let usual = |name: &[u8]| matches!(name, b"id" | b"type" | b"role" | b"status");
    if head.iter().all(|(name, _)| usual(name)) {
        first.extra.hush(parts::ITEM);
    }
    Some(blocks)
}

fn object(members: &RawMembers) -> RawJson {
    let mut out = JsonWriter::with_capacity(128);
    out.open().members(members).close();
    out.finish_raw()
}
