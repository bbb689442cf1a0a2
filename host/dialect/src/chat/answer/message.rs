//! The message of an answer, written.

use crate::canon::{ChatChoice, ContentBlock, ContentForm, FieldLosses, JsonText, JsonWriter, ReasoningBlock};
use crate::chat::request::write_said;
use crate::chat::writing::{ChatWriting, within};
use crate::chat::{calls, citations, thoughts};

/// Where the members of a message of this wire are kept that have no place elsewhere.
pub(super) const MESSAGE: &str = "message";

/// Writes the message of a choice that came in this wire, as it was.
pub(super) fn write_own(out: &mut JsonWriter, choice: &ChatChoice, writing: &mut ChatWriting<'_>) {
    let kept = within(&choice.extra, MESSAGE);
    let form = match kept.get("content") {
        Some(sign) if sign.is_null() => ContentForm::Null,
        Some(sign) if sign.is_true() == Some(true) => ContentForm::Parts,
        Some(_) => ContentForm::Text,
        None => ContentForm::Absent,
    };
    out.open();
    if choice.extra.get(MESSAGE).is_none() {
        out.name("role").string("assistant");
    }
    write_said(out, &choice.blocks, form, writing);
    writing.rest(out, "choices.message", &kept, &["content"]);
    out.close();
}

/// What a message says, by where this wire writes it.
#[derive(Default)]
struct SaidInAnswer<'a> {
    texts: Vec<&'a JsonText>,
    /// Citations, and from where to where of all text the text goes that they belong to, in characters.
    notes: Vec<(&'a crate::canon::CitationNote, u64, u64)>,
    characters: u64,
    refusals: Vec<&'a JsonText>,
    thoughts: Vec<&'a ReasoningBlock>,
    calls: Vec<&'a ContentBlock>,
}

impl<'a> SaidInAnswer<'a> {
    fn add(&mut self, block: &'a ContentBlock, losses: &mut FieldLosses) {
        match block {
            ContentBlock::Text(text) => {
                let from = self.characters;
                self.characters += text.text.text().chars().count() as u64;
                self.texts.push(&text.text);
                self.notes.extend(text.citations.iter().map(|note| (note, from, self.characters)));
                losses.lose_extras("content", &text.extra);
            }
            ContentBlock::Refusal(refusal) => self.refusals.push(&refusal.text),
            ContentBlock::Reasoning(thoughts) => self.thoughts.push(thoughts),
            ContentBlock::ToolUse(_) => self.calls.push(block),
            ContentBlock::ServerTool(_) => losses.lose("content.server_tool"),
            ContentBlock::Image(_) => losses.lose("content.image"),
            ContentBlock::Audio(_) => losses.lose("content.audio"),
            ContentBlock::Video(_) => losses.lose("content.video"),
            ContentBlock::Document(_) => losses.lose("content.document"),
            ContentBlock::ToolResult(_) => losses.lose("content.tool_result"),
            ContentBlock::Other(other) => losses.lose_extra("content", other.kind.as_bytes()),
        }
    }
}

/// Writes the message of a choice that came in another wire. `made` gives identifiers to calls without one, by their number.
pub(super) fn write_new(
    out: &mut JsonWriter,
    choice: &ChatChoice,
    made: &dyn Fn(usize) -> Option<JsonText>,
    writing: &mut ChatWriting<'_>,
) {
    let mut said = SaidInAnswer::default();
    choice.blocks.iter().for_each(|block| said.add(block, writing.losses));
    out.open().name("role").string("assistant").name("content");
    let is_else = !said.calls.is_empty() || !said.refusals.is_empty();
    if said.texts.is_empty() && is_else {
        out.null();
    } else {
        out.text(&JsonText::concat(said.texts.iter().copied()));
    }
    out.name("refusal");
    if said.refusals.is_empty() {
        out.null();
    } else {
        out.text(&JsonText::concat(said.refusals.iter().copied()));
    }
    thoughts::write(out, &said.thoughts, "reasoning_content", writing);
    if said.notes.iter().any(|(note, ..)| note.url.is_some()) {
        out.name("annotations").open_array();
        said.notes.iter().for_each(|(note, from, to)| {
            citations::write(out, note, *from, *to);
        });
        out.close_array();
    }
    if said.notes.iter().any(|(note, ..)| note.url.is_none()) {
        writing.losses.lose("content.citations");
    }
    calls::write(out, &said.calls, made, writing);
    out.close();
}
