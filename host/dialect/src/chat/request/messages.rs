//! Messages that came in this wire, written.

use crate::canon::{
    ChatTurn, ContentBlock, ContentForm, JsonText, JsonWriter, ReasoningBlock, TargetRules, ToolResultBlock, TurnRole,
};
use crate::chat::writing::ChatWriting;
use crate::chat::{calls, citations, parts, thoughts};

/// Writes a turn as the message that it was.
pub(super) fn write_own(out: &mut JsonWriter, turn: &ChatTurn, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    if turn.role == TurnRole::Tool {
        for block in &turn.blocks {
            if let ContentBlock::ToolResult(result) = block {
                write_result(out, turn, result, writing);
            }
        }
        return;
    }
    out.open().name("role").string(role(turn.role, rules));
    write_said(out, &turn.blocks, turn.form, writing);
    write_name(out, turn.name.as_ref(), rules, writing);
    writing.rest(out, "messages", &turn.extra, &[]);
    out.close();
}

/// The name of who speaks, where the provider takes one.
pub(super) fn write_name(
    out: &mut JsonWriter,
    name: Option<&JsonText>,
    rules: &TargetRules,
    writing: &mut ChatWriting<'_>,
) {
    if !rules.quirks.known_members {
        out.text_member("name", name);
    } else if name.is_some() {
        writing.losses.lose("messages.name");
    }
}

/// The word for who speaks.
pub(super) fn role(role: TurnRole, rules: &TargetRules) -> &'static str {
    match role {
        TurnRole::Developer if !rules.quirks.no_developer => "developer",
        TurnRole::System | TurnRole::Developer => "system",
        TurnRole::User => "user",
        TurnRole::Assistant => "assistant",
        TurnRole::Tool => "tool",
    }
}

/// Writes what a message of this wire says: its content in the form that it had, and what stands beside it.
pub(in crate::chat) fn write_said(
    out: &mut JsonWriter,
    blocks: &[ContentBlock],
    form: ContentForm,
    writing: &mut ChatWriting<'_>,
) {
    let content: Vec<_> = blocks.iter().filter(|block| parts::is_part(block)).collect();
    parts::write_content(out, &content, form, writing);
    let thoughts: Vec<_> = blocks.iter().filter(|block| !parts::is_part(block)).filter_map(reasoning).collect();
    if !thoughts::write_own(out, &thoughts) {
        thoughts::write(out, &thoughts, "reasoning_content", writing);
    }
    let refusals: Vec<&JsonText> = blocks.iter().filter(|block| !parts::is_part(block)).filter_map(refusal).collect();
    if !refusals.is_empty() {
        out.name("refusal").text(&JsonText::concat(refusals));
    }
    write_citations(out, &content);
    let is_call = |block: &&ContentBlock| match block {
        ContentBlock::ToolUse(_) => true,
        ContentBlock::Other(_) => !parts::is_part(block),
        _ => false,
    };
    let all: Vec<_> = blocks.iter().filter(is_call).collect();
    calls::write(out, &all, &|_| None, writing);
}

fn reasoning(block: &ContentBlock) -> Option<&ReasoningBlock> {
    match block {
        ContentBlock::Reasoning(thoughts) => Some(thoughts),
        _ => None,
    }
}

fn refusal(block: &ContentBlock) -> Option<&JsonText> {
    match block {
        ContentBlock::Refusal(refusal) => Some(&refusal.text),
        _ => None,
    }
}

fn write_citations(out: &mut JsonWriter, content: &[&ContentBlock]) {
    let notes = |block: &&ContentBlock| match block {
        ContentBlock::Text(text) => text.citations.clone(),
        _ => Vec::new(),
    };
    let all: Vec<_> = content.iter().flat_map(notes).collect();
    if !all.is_empty() {
        out.name("annotations").open_array();
        all.iter().for_each(|note| {
            citations::write(out, note, 0, 0);
        });
        out.close_array();
    }
}

fn write_result(out: &mut JsonWriter, turn: &ChatTurn, result: &ToolResultBlock, writing: &mut ChatWriting<'_>) {
    out.open();
    if turn.extra.get("role").is_none() {
        out.name("role").string("tool");
    }
    if let Some(id) = &result.id {
        out.name("tool_call_id").text(&writing.ids.fit(id));
    }
    out.text_member("name", result.name.as_ref());
    let content: Vec<_> = result.content.iter().collect();
    parts::write_content(out, &content, result.form, writing);
    writing.rest(out, "messages", &turn.extra, &[]);
    out.close();
}
