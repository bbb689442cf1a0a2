//! A part as blocks.

use super::{media, result, tool};
use crate::canon::{
    ContentBlock, ContentForm, OtherBlock, RawJson, RawMembers, ReasoningBlock, ServerToolBlock, TextBlock,
    ThoughtSignature,
};
use crate::gemini::{kind, proto, signature};

/// Takes the parts of a content out of it, and says how they were written: a list, or as one object, which is read as well. What
/// is neither stays.
pub(in crate::gemini) fn read_all(content: &mut RawMembers, out: &mut Vec<ContentBlock>) -> ContentForm {
    if let Some(parts) = content.take_as("parts", |raw| Some(raw.elements()).filter(|parts| !parts.is_empty())) {
        for part in &parts {
            read(part, out);
        }
        return ContentForm::Parts;
    }
    if let Some(part) = content.take_as("parts", |raw| proto::as_message(raw).map(|_| raw.clone())) {
        read(&part, out);
        return ContentForm::Object;
    }
    ContentForm::Absent
}

/// Reads one part: into one block mostly; one that carries a signature of what is no thought and no call into two.
pub(in crate::gemini) fn read(raw: &RawJson, out: &mut Vec<ContentBlock>) {
    match proto::as_message(raw) {
        Some(part) => read_members(raw, part, out),
        None => out.push(other(raw, kind::NOTHING.into())),
    }
}

/// The same, by its members.
pub(in crate::gemini) fn read_members(raw: &RawJson, mut part: RawMembers, out: &mut Vec<ContentBlock>) {
    let signed = part.get("thoughtSignature").is_some();
    if let Some(call) = tool::read(&mut part) {
        out.push(ContentBlock::ToolUse(call));
    } else if let Some(result) = result::read(&mut part) {
        out.push(ContentBlock::ToolResult(result));
    } else if let Some((kind, name)) = kind::server_tool(&part) {
        out.push(ContentBlock::ServerTool(ServerToolBlock {
            kind,
            name: Some(crate::canon::JsonText::of(name)),
            id: None,
            raw: raw.clone(),
        }));
    } else if let Some(block) = media::read(&mut part) {
        sign_next(signature::take(&mut part), out);
        out.push(block.with(part));
    } else if part.get("text").and_then(RawJson::text).is_some()
        || (signed && kind::name(&part).as_ref() == kind::NOTHING)
    {
        read_text(part, out);
    } else {
        out.push(other(raw, kind::name(&part)));
    }
}

fn read_text(mut part: RawMembers, out: &mut Vec<ContentBlock>) {
    let signature = signature::take(&mut part);
    let is_empty = part.get("text").and_then(RawJson::text).is_none_or(|text| text.is_empty());
    let thinks = part.get("thought").and_then(RawJson::is_true) == Some(true);
    if signature.is_some() && is_empty {
        // A part of its own that says nothing else (quirks 61, 78).
        let block = ReasoningBlock { signature, ..ReasoningBlock::default() };
        part.hush("text");
        part.hush("thought");
        out.push(ContentBlock::Reasoning(ReasoningBlock { extra: part, ..block }));
        return;
    }
    let text = part.take_text("text").unwrap_or_default();
    if thinks {
        part.take("thought");
        let block = ReasoningBlock { text: vec![text], signature, ..ReasoningBlock::default() };
        out.push(ContentBlock::Reasoning(ReasoningBlock { extra: part, ..block }));
        return;
    }
    sign_next(signature, out);
    out.push(ContentBlock::Text(TextBlock { extra: part, ..TextBlock::of(text) }));
}

/// The signature of the block that comes next, which has no place for one.
fn sign_next(signature: Option<ThoughtSignature>, out: &mut Vec<ContentBlock>) {
    if signature.is_some() {
        out.push(ContentBlock::Reasoning(ReasoningBlock { signature, signs_next: true, ..ReasoningBlock::default() }));
    }
}

fn other(raw: &RawJson, kind: Box<str>) -> ContentBlock {
    ContentBlock::Other(OtherBlock { kind, raw: raw.clone() })
}
