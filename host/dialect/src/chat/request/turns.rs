//! Messages, read.

use weir_http::json::JsonKind;

use crate::canon::{
    ChatTurn, ContentBlock, ContentForm, DecodeFault, RawJson, RawMembers, TextBlock, ToolResultBlock, TurnRole,
};
use crate::chat::writing::{keep, take_said};
use crate::chat::{calls, citations, parts, thoughts};

/// Reads a message.
pub(super) fn read(message: &RawJson) -> Result<ChatTurn, DecodeFault> {
    let mut members = message.members();
    let word = members.take_text("role").ok_or(DecodeFault::Field { field: "messages.role", due: "a string" })?;
    let role = match word.text().as_ref() {
        "system" => TurnRole::System,
        "developer" => TurnRole::Developer,
        "user" => TurnRole::User,
        "assistant" => TurnRole::Assistant,
        "tool" => TurnRole::Tool,
        "function" => {
            keep(&mut members, "role", RawJson::of_text(&word));
            TurnRole::Tool
        }
        _ => return Err(DecodeFault::Field { field: "messages.role", due: "one that is known" }),
    };
    let mut blocks = Vec::new();
    if role == TurnRole::Assistant {
        blocks.extend(thoughts::take(&mut members).into_iter().map(ContentBlock::Reasoning));
    }
    let form = take_content(&mut members, &mut blocks)?;
    let mut turn = ChatTurn { form, ..ChatTurn::of(role, Vec::new()) };
    match role {
        TurnRole::Tool => blocks = vec![ContentBlock::ToolResult(result(&mut members, blocks, form))],
        TurnRole::Assistant => {
            take_beside(&mut members, &mut blocks);
            turn.name = members.take_text("name");
        }
        TurnRole::System | TurnRole::Developer | TurnRole::User => turn.name = members.take_text("name"),
    }
    turn.blocks = blocks;
    turn.extra = members;
    Ok(turn)
}

/// Takes the content, in whatever form it stands.
pub(in crate::chat) fn take_content(
    members: &mut RawMembers,
    blocks: &mut Vec<ContentBlock>,
) -> Result<ContentForm, DecodeFault> {
    let Some(content) = members.take_as("content", |raw| Some(raw.clone())) else { return Ok(ContentForm::Absent) };
    Ok(match content.kind() {
        JsonKind::Null => ContentForm::Null,
        JsonKind::String => {
            let text = content.text().filter(|text| !text.is_empty());
            blocks.extend(text.map(|text| ContentBlock::Text(TextBlock::of(text))));
            ContentForm::Text
        }
        JsonKind::Array => {
            blocks.extend(parts::read_all(&content));
            ContentForm::Parts
        }
        JsonKind::Object => {
            blocks.push(parts::read(&content));
            ContentForm::Object
        }
        JsonKind::Bool | JsonKind::Number => {
            return Err(DecodeFault::Field { field: "messages.content", due: "a string or a list" });
        }
    })
}

/// Takes what an assistant's message says beside its content: a refusal, calls, and what its text rests on.
pub(in crate::chat) fn take_beside(members: &mut RawMembers, blocks: &mut Vec<ContentBlock>) {
    let refusal = take_said(members, "refusal").map(|text| ContentBlock::Refusal(TextBlock::of(text)));
    blocks.extend(refusal);
    let text = blocks.iter_mut().rev().find_map(|block| match block {
        ContentBlock::Text(text) => Some(text),
        _ => None,
    });
    if let Some(text) = text {
        let notes = |raw: &RawJson| raw.elements().iter().map(citations::read).collect::<Option<Vec<_>>>();
        text.citations =
            members.take_as("annotations", |raw| notes(raw).filter(|notes| !notes.is_empty())).unwrap_or_default();
    }
    calls::take(members, blocks);
}

fn result(members: &mut RawMembers, content: Vec<ContentBlock>, form: ContentForm) -> ToolResultBlock {
    let id = members.take_text("tool_call_id");
    let name = members.take_text("name");
    ToolResultBlock { id, name, content, form, failed: None, cache: None, extra: RawMembers::default() }
}
