//! How turns are read: `instructions` and `input`.

use weir_http::json::JsonKind;

use crate::canon::{
    ChatTurn, ContentBlock, ContentForm, JsonText, RawJson, RawMembers, TextBlock, TurnOrigin, TurnRole,
};
use crate::responses::{items, parts};

/// The turns of a request. What is read is taken out.
pub(super) fn read(members: &mut RawMembers) -> Vec<ChatTurn> {
    let mut turns = Vec::new();
    if let Some(instructions) = members.take_text("instructions") {
        turns.push(parameter(TurnRole::System, instructions));
    }
    if let Some(input) = members.take_text("input") {
        turns.push(parameter(TurnRole::User, input));
    }
    // An empty list stays as it stands.
    let full = |raw: &RawJson| Some(raw.elements()).filter(|items| !items.is_empty());
    turns.extend(members.take_as("input", full).iter().flatten().map(turn));
    turns
}

/// A turn that is a string in a parameter of its own.
fn parameter(role: TurnRole, text: JsonText) -> ChatTurn {
    ChatTurn {
        origin: TurnOrigin::Parameter,
        form: ContentForm::Text,
        ..ChatTurn::of(role, vec![ContentBlock::Text(TextBlock::of(text))])
    }
}

fn turn(item: &RawJson) -> ChatTurn {
    if let Some(message) = message(item) {
        return message;
    }
    let block = items::read(item);
    let role = match &block {
        ContentBlock::ToolResult(_) => TurnRole::Tool,
        _ => TurnRole::Assistant,
    };
    ChatTurn { origin: TurnOrigin::Item, ..ChatTurn::of(role, vec![block]) }
}

/// A message, be its type said or not.
fn message(item: &RawJson) -> Option<ChatTurn> {
    let mut members = item.members();
    let is_message = members.get("type").and_then(RawJson::text).is_none_or(|kind| kind.is("message"));
    let role = members.get("role").and_then(RawJson::text).filter(|_| is_message)?;
    let role = match role.text().as_ref() {
        "system" => TurnRole::System,
        "developer" => TurnRole::Developer,
        "user" => TurnRole::User,
        "assistant" => TurnRole::Assistant,
        _ => return None,
    };
    members.take("role");
    members.hush("status");
    let (blocks, form) = match members.get("content").map(RawJson::kind) {
        Some(JsonKind::String) => {
            let text = members.take_text("content").unwrap_or_default();
            (vec![ContentBlock::Text(TextBlock::of(text))], ContentForm::Text)
        }
        Some(JsonKind::Array) => {
            (members.take("content").as_ref().map(parts::read_all).unwrap_or_default(), ContentForm::Parts)
        }
        Some(JsonKind::Null) => (Vec::new(), ContentForm::Null),
        // What nobody can read stays beside it.
        Some(JsonKind::Object | JsonKind::Number | JsonKind::Bool) | None => (Vec::new(), ContentForm::Absent),
    };
    Some(ChatTurn {
        role,
        origin: TurnOrigin::Message,
        name: None,
        id: members.take_text("id"),
        blocks,
        form,
        extra: members,
    })
}
