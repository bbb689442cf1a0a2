//! What a stream says in pieces, and what of it was only said whole.

use super::open::{OpenItemKind, OpenItems};
use crate::canon::{
    BlockDelta, BlockStart, ChatEvent, ContentBlock, DecodeFault, JsonText, RawJson, ReasoningBlock, TextBlock,
};
use crate::responses::parts;

/// What a piece is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaidPiece {
    /// Text.
    Text,
    /// A refusal.
    Refusal,
    /// What the model thought.
    Thought,
    /// That in short.
    Summary,
    /// What a tool is called with.
    Input,
}

impl SaidPiece {
    /// The piece that an event of this kind brings; true beside it if it is all of it.
    pub(super) fn of(kind: &str) -> Option<(Self, bool)> {
        Some(match kind {
            "response.output_text.delta" => (Self::Text, false),
            "response.output_text.done" => (Self::Text, true),
            "response.refusal.delta" => (Self::Refusal, false),
            "response.refusal.done" => (Self::Refusal, true),
            "response.reasoning_text.delta" => (Self::Thought, false),
            "response.reasoning_text.done" => (Self::Thought, true),
            "response.reasoning_summary_text.delta" => (Self::Summary, false),
            "response.reasoning_summary_text.done" => (Self::Summary, true),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => (Self::Input, false),
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => (Self::Input, true),
            _ => return None,
        })
    }

    /// The member that it is in.
    pub(super) fn member(self, whole: bool) -> &'static str {
        match (self, whole) {
            (_, false) => "delta",
            (Self::Refusal, true) => "refusal",
            (Self::Text | Self::Thought | Self::Summary, true) => "text",
            // Of a tool that takes free text it is `input`.
            (Self::Input, true) => "arguments",
        }
    }

    fn start(self) -> BlockStart {
        match self {
            Self::Refusal => BlockStart::Refusal,
            Self::Text | Self::Thought | Self::Summary | Self::Input => BlockStart::Text,
        }
    }

    fn delta(self, text: JsonText) -> BlockDelta {
        match self {
            Self::Refusal => BlockDelta::Refusal(text),
            Self::Text | Self::Thought | Self::Summary | Self::Input => BlockDelta::Text(text),
        }
    }
}

/// Opens the part of a message, unless it is open. The message need not have been begun.
pub(super) fn open_part(
    open: &mut OpenItems,
    piece: SaidPiece,
    index: u64,
    content: u64,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    if open.get(index).is_none_or(|item| item.kind != OpenItemKind::Message) {
        open.begin(index, OpenItemKind::Message, out)?;
    }
    if open.part(index, content).is_some_and(|part| part.is_open()) {
        return Ok(());
    }
    open.open(index, content, piece.start(), out)
}

/// Says text of a part; what is whole only if nothing was said.
pub(super) fn say(
    open: &mut OpenItems,
    piece: SaidPiece,
    (index, content): (u64, u64),
    text: JsonText,
    whole: bool,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    if whole && open.part(index, content).is_some_and(|part| part.said || text.is_empty()) {
        return Ok(());
    }
    open_part(open, piece, index, content, out)?;
    if let Some(part) = open.part(index, content).filter(|_| !text.is_empty()) {
        part.said = true;
        part.grow(piece.delta(text), out);
    }
    Ok(())
}

/// Tells probabilities; those of the whole only if none were told.
pub(super) fn say_probable(
    open: &mut OpenItems,
    (index, content): (u64, u64),
    logprobs: &RawJson,
    whole: bool,
    out: &mut Vec<ChatEvent>,
) {
    let part = open.part(index, content).filter(|part| part.is_open() && !(whole && part.probable));
    if let Some(part) = part {
        part.probable = true;
        part.grow(BlockDelta::Logprobs(logprobs.clone()), out);
    }
}

/// Says what the model thought, or that in short; what is whole only if nothing was said of it.
pub(super) fn think(
    open: &mut OpenItems,
    piece: SaidPiece,
    (index, content): (u64, u64),
    text: JsonText,
    whole: bool,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    if !matches!(open.get(index).map(|item| &item.kind), Some(OpenItemKind::Reasoning(_))) {
        open.begin(index, OpenItemKind::Reasoning(None), out)?;
    }
    let Some(item) = open.get(index) else { return Ok(()) };
    let begun = if piece == SaidPiece::Summary { &mut item.summaries } else { &mut item.thoughts };
    let is_new = content >= *begun;
    if text.is_empty() || (whole && !is_new) {
        return Ok(());
    }
    *begun = (*begun).max(content.saturating_add(1));
    let id = if let OpenItemKind::Reasoning(id) = &item.kind { id.clone() } else { None };
    if !open.part(index, 0).is_some_and(|part| part.is_open()) {
        open.open(index, 0, BlockStart::Reasoning { id }, out)?;
    }
    if let Some(part) = open.part(index, 0) {
        let delta = match piece {
            SaidPiece::Summary => BlockDelta::Summary(text, is_new),
            SaidPiece::Text | SaidPiece::Refusal | SaidPiece::Thought | SaidPiece::Input => BlockDelta::Reasoning(text),
        };
        part.grow(delta, out);
    }
    Ok(())
}

/// Says arguments of a call; what is whole only if nothing was said.
pub(super) fn input(
    open: &mut OpenItems,
    index: u64,
    text: JsonText,
    whole: bool,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    let is_call = open.get(index).is_some_and(|item| item.kind == OpenItemKind::Call);
    let Some(part) = open.part(index, 0).filter(|_| is_call) else {
        // Arguments of what is no call of the client's come again when it is complete.
        return Ok(());
    };
    if text.is_empty() || (whole && part.said) {
        return Ok(());
    }
    if !part.is_open() {
        return Err(DecodeFault::Field { field: "output_index", due: "that of a call that is open" });
    }
    part.said = true;
    part.grow(BlockDelta::Input(text), out);
    Ok(())
}

/// Says what of a message was not said. True if it refuses.
pub(super) fn complete_message(
    open: &mut OpenItems,
    index: u64,
    item: &RawJson,
    out: &mut Vec<ChatEvent>,
) -> Result<bool, DecodeFault> {
    let mut refuses = false;
    let content = item.members().take_elements("content").unwrap_or_default();
    for (number, part) in (0..).zip(&content) {
        let (piece, text) = match parts::read(part) {
            ContentBlock::Text(text) => (SaidPiece::Text, text),
            ContentBlock::Refusal(text) => (SaidPiece::Refusal, text),
            _ => {
                out.push(ChatEvent::Beside("content_part".into(), part.clone()));
                continue;
            }
        };
        refuses |= piece == SaidPiece::Refusal;
        complete_text(open, piece, (index, number), text, out)?;
    }
    Ok(refuses)
}

fn complete_text(
    open: &mut OpenItems,
    piece: SaidPiece,
    place: (u64, u64),
    text: TextBlock,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    if open.part(place.0, place.1).is_none() {
        open_part(open, piece, place.0, place.1, out)?;
    }
    say(open, piece, place, text.text, true, out)?;
    let Some(part) = open.part(place.0, place.1).filter(|part| part.is_open()) else { return Ok(()) };
    let told = part.notes;
    part.notes = part.notes.max(text.citations.len());
    for note in text.citations.into_iter().skip(told) {
        part.grow(BlockDelta::Citation(note), out);
    }
    if let Some(logprobs) = &text.logprobs {
        say_probable(open, place, logprobs, true, out);
    }
    Ok(())
}

/// Says what of a thought was not said, and what the model needs to see again with it.
pub(super) fn complete_reasoning(
    open: &mut OpenItems,
    index: u64,
    whole: ReasoningBlock,
    out: &mut Vec<ChatEvent>,
) -> Result<(), DecodeFault> {
    for (number, text) in (0..).zip(whole.summary) {
        think(open, SaidPiece::Summary, (index, number), text, true, out)?;
    }
    for (number, text) in (0..).zip(whole.text) {
        think(open, SaidPiece::Thought, (index, number), text, true, out)?;
    }
    let Some(signature) = whole.signature else { return Ok(()) };
    if !open.part(index, 0).is_some_and(|part| part.is_open()) {
        open.open(index, 0, BlockStart::Reasoning { id: whole.id }, out)?;
    }
    if let Some(part) = open.part(index, 0) {
        part.grow(BlockDelta::Signature(signature), out);
    }
    Ok(())
}
