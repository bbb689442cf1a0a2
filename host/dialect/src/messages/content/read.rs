//! Blocks of content, read.

use weir_http::json::JsonKind;

use super::{media, notes};
use crate::canon::{
    ContentBlock, ContentForm, JsonText, OtherBlock, RawJson, RawMembers, ReasoningBlock, ServerToolBlock,
    ServerToolKind, SignatureKind, TextBlock, ToolInput, ToolResultBlock, ToolUseBlock,
};
use crate::translate::signatures;
use crate::wire::Vendor;

/// Reads one block. What is no block that the canonical form knows, or not written as it should be, stays as it stood.
pub(in crate::messages) fn block(raw: &RawJson) -> ContentBlock {
    let mut members = raw.members();
    let Some(kind) = members.take_text("type") else { return other("", raw) };
    let kind = kind.text();
    let read = match kind.as_ref() {
        "text" => text(members).map(ContentBlock::Text),
        "thinking" => thinking(members).map(ContentBlock::Reasoning),
        "redacted_thinking" => redacted(members).map(ContentBlock::Reasoning),
        "tool_use" => tool_use(members).map(ContentBlock::ToolUse),
        "tool_result" => tool_result(members).map(ContentBlock::ToolResult),
        "image" => media::image(members).map(ContentBlock::Image),
        "document" => media::document(members).map(ContentBlock::Document),
        _ => server_tool(&kind, members, raw).map(ContentBlock::ServerTool),
    };
    read.unwrap_or_else(|| other(&kind, raw))
}

/// Reads `content`: a string, a list of blocks, `null`, or nothing at all; of another value none.
pub(in crate::messages) fn content(value: Option<&RawJson>) -> Option<(Vec<ContentBlock>, ContentForm)> {
    let Some(value) = value else { return Some((Vec::new(), ContentForm::Absent)) };
    match value.kind() {
        JsonKind::String => {
            let text = TextBlock::of(value.text()?);
            Some((vec![ContentBlock::Text(text)], ContentForm::Text))
        }
        JsonKind::Array => Some((value.elements().iter().map(block).collect(), ContentForm::Parts)),
        JsonKind::Null => Some((Vec::new(), ContentForm::Null)),
        JsonKind::Object | JsonKind::Number | JsonKind::Bool => None,
    }
}

fn other(kind: &str, raw: &RawJson) -> ContentBlock {
    ContentBlock::Other(OtherBlock { kind: kind.into(), raw: raw.clone() })
}

fn text(mut members: RawMembers) -> Option<TextBlock> {
    Some(TextBlock {
        text: members.take_text("text")?,
        citations: notes::citations(&mut members),
        cache: notes::cache(&mut members),
        logprobs: None,
        extra: members,
    })
}

/// What was thought. What OpenAI has encrypted shows in short alone, so that the words beside it are that.
fn thinking(mut members: RawMembers) -> Option<ReasoningBlock> {
    let words = members.take_text("thinking")?;
    let signature = members.take_as("signature", |raw| raw.text().filter(|text| !text.is_empty()));
    let signature = signature.map(|value| signatures::read(&value, Vendor::Anthropic, SignatureKind::Signature));
    let words = if words.is_empty() { Vec::new() } else { vec![words] };
    let is_short = signature.as_ref().is_some_and(|signature| signature.vendor == Vendor::OpenAi);
    let (text, summary) = if is_short { (Vec::new(), words) } else { (words, Vec::new()) };
    Some(ReasoningBlock { text, summary, signature, extra: members, ..ReasoningBlock::default() })
}

/// What was thought and is not shown. A signature of Google's that was put in here on its way out is that of the block behind it.
fn redacted(mut members: RawMembers) -> Option<ReasoningBlock> {
    let data = members.take_text("data")?;
    let signature = signatures::read(&data, Vendor::Anthropic, SignatureKind::Redacted);
    Some(ReasoningBlock {
        signs_next: signature.vendor == Vendor::Google,
        signature: Some(signature),
        extra: members,
        ..ReasoningBlock::default()
    })
}

fn tool_use(mut members: RawMembers) -> Option<ToolUseBlock> {
    let id = members.take_text("id")?;
    let name = members.take_text("name")?;
    let mut call = ToolUseBlock::of(Some(id), name, ToolInput::Json(members.take("input")?));
    call.cache = notes::cache(&mut members);
    let caller = members.get("caller").and_then(|caller| caller.members().get("type")?.text());
    if caller.is_some_and(|caller| caller.is("direct")) {
        // The model itself calls, as it does in all wires.
        members.hush("caller");
    }
    call.extra = members;
    Some(call)
}

fn tool_result(mut members: RawMembers) -> Option<ToolResultBlock> {
    let id = members.take_text("tool_use_id")?;
    let (content, form) = content(members.get("content"))?;
    members.take_as("content", |_| Some(()));
    Some(ToolResultBlock {
        id: Some(id),
        name: None,
        content,
        form,
        failed: members.take_bool("is_error"),
        cache: notes::cache(&mut members),
        extra: members,
    })
}

/// Calls and answers of tools that run at the provider: `server_tool_use`, `mcp_tool_use`, and `…_tool_result`.
fn server_tool(kind: &str, mut members: RawMembers, raw: &RawJson) -> Option<ServerToolBlock> {
    let of = |kind, name: Option<JsonText>, id| ServerToolBlock { kind, name, id, raw: raw.clone() };
    if kind.ends_with("_tool_use") {
        return Some(of(ServerToolKind::Call, members.take_text("name"), members.take_text("id")));
    }
    kind.ends_with("_tool_result").then(|| of(ServerToolKind::Result, None, members.take_text("tool_use_id")))
}
