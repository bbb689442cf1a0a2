//! Calls of tools, which are whole wherever they come: their arguments are an object.

use crate::canon::{JsonText, RawJson, RawMembers, ToolInput, ToolUseBlock};

/// Takes them out of a message; one that names no tool is none.
pub(super) fn take(message: &mut RawMembers) -> Vec<ToolUseBlock> {
    let calls = message.take_elements("tool_calls").unwrap_or_default();
    calls.iter().filter_map(read).collect()
}

fn read(raw: &RawJson) -> Option<ToolUseBlock> {
    let mut members = raw.members();
    let mut function = members.take_members("function")?;
    let name = function.take_text("name").filter(|name| !name.is_empty())?;
    let id = members.take_text("id").filter(|id| !id.is_empty());
    let input = match function.take_text("arguments") {
        Some(text) => ToolInput::Text(text),
        None => ToolInput::Json(function.take("arguments").unwrap_or(RawJson::EMPTY_OBJECT)),
    };
    Some(ToolUseBlock::of(id, name, input))
}

/// A member that says something.
pub(super) fn said(message: &mut RawMembers, name: &str) -> Option<JsonText> {
    message.take_text(name).filter(|text| !text.is_empty())
}
