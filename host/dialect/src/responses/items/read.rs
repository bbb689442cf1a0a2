//! How items are read.

use weir_http::json::JsonKind;

use crate::canon::{
    ContentBlock, ContentForm, JsonText, OtherBlock, RawJson, RawMembers, ReasoningBlock, ServerToolBlock,
    SignatureKind, ToolInput, ToolResultBlock, ToolUseBlock,
};
use crate::responses::{kinds, parts};
use crate::translate::signatures;
use crate::wire::Vendor;

/// An item that is no message. One that is unknown, or not what its type says, stays as it stands.
pub(crate) fn read(item: &RawJson) -> ContentBlock {
    let mut members = item.members();
    let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
    let kind = kind.text();
    members.hush("status");
    let known = match kind.as_ref() {
        "function_call" => call(members, "arguments", false).map(ContentBlock::ToolUse),
        "custom_tool_call" => call(members, "input", true).map(ContentBlock::ToolUse),
        "function_call_output" | "custom_tool_call_output" => result(members).map(ContentBlock::ToolResult),
        "reasoning" => Some(ContentBlock::Reasoning(reasoning(members))),
        _ => kinds::server_tool(&kind).map(|tells| {
            ContentBlock::ServerTool(ServerToolBlock {
                kind: tells,
                name: Some(JsonText::of(&kind)),
                id: members.take_text("call_id").or_else(|| members.take_text("id")),
                raw: item.clone(),
            })
        }),
    };
    known.unwrap_or_else(|| ContentBlock::Other(OtherBlock { kind: kind.as_ref().into(), raw: item.clone() }))
}

fn call(mut members: RawMembers, input: &str, custom: bool) -> Option<ToolUseBlock> {
    let (name, input) = (members.take_text("name")?, members.take_text(input)?);
    members.take("type");
    Some(ToolUseBlock {
        id: members.take_text("call_id"),
        item: members.take_text("id"),
        name,
        input: ToolInput::Text(input),
        custom,
        signature: None,
        cache: None,
        extra: members,
    })
}

fn result(mut members: RawMembers) -> Option<ToolResultBlock> {
    let output = members.take("output")?;
    let (content, form) = match output.kind() {
        JsonKind::String => {
            let text = crate::canon::TextBlock::of(output.text().unwrap_or_default());
            (vec![ContentBlock::Text(text)], ContentForm::Text)
        }
        JsonKind::Array => (parts::read_all(&output), ContentForm::Parts),
        JsonKind::Object | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
            (vec![ContentBlock::Other(OtherBlock { kind: "json".into(), raw: output })], ContentForm::Object)
        }
    };
    // Its own identifier is nobody else's business.
    members.hush("id");
    Some(ToolResultBlock {
        id: members.take_text("call_id"),
        name: members.take_text("name"),
        content,
        form,
        failed: None,
        cache: None,
        extra: members,
    })
}

/// A `reasoning` item.
pub(crate) fn reasoning(mut members: RawMembers) -> ReasoningBlock {
    members.take("type");
    let texts = |members: &mut RawMembers, name: &str, kind: &str| {
        members.take_as(name, |list| texts_of(list, kind)).unwrap_or_default()
    };
    let summary = texts(&mut members, "summary", "summary_text");
    let text = texts(&mut members, "content", "reasoning_text");
    let signature = members
        .take_text("encrypted_content")
        .map(|value| signatures::read(&value, Vendor::OpenAi, SignatureKind::Encrypted));
    // Google signs what comes next.
    let signs_next =
        text.is_empty() && summary.is_empty() && signature.as_ref().is_some_and(|s| s.vendor == Vendor::Google);
    ReasoningBlock { id: members.take_text("id"), text, summary, signature, signs_next, extra: members }
}

/// The texts of a list that has some, and nothing else.
fn texts_of(list: &RawJson, kind: &str) -> Option<Vec<JsonText>> {
    let text = |element: &RawJson| {
        let mut members = element.members();
        let is_kind = members.take_text("type").is_some_and(|own| own.is(kind));
        let text = members.take_text("text")?;
        (is_kind && members.is_empty()).then_some(text)
    };
    let texts: Option<Vec<_>> = list.elements().iter().map(text).collect();
    texts.filter(|texts| !texts.is_empty())
}
