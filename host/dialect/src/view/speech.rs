//! What one message says, as a view has it, and where each piece of it comes from.

use super::map::ShownForm;
use super::parts;
use super::write::ViewWriter;
use crate::canon::{ContentBlock, ReasoningBlock, ToolInput, ToolUseBlock};

/// Where the pieces of a message come from: blocks by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ShownSpeech {
    /// Parts of the content, or the one text that it is.
    pub(super) content: Vec<usize>,
    /// Pieces of what the model thought.
    pub(super) thoughts: Vec<ShownThought>,
    /// What stands in `refusal`.
    pub(super) refusal: Option<usize>,
    /// Calls of tools.
    pub(super) calls: Vec<usize>,
}

/// Where a piece of a thought comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShownThought {
    /// The block.
    pub(super) block: usize,
    /// It is one of its summaries.
    pub(super) is_short: bool,
    /// Its number among them.
    pub(super) number: usize,
}

/// Writes the members of a message that say these blocks, which have these numbers.
pub(super) fn write(out: &mut ViewWriter, blocks: &[(usize, &ContentBlock)]) -> ShownSpeech {
    let refusals = blocks.iter().filter(|(_, block)| matches!(block, ContentBlock::Refusal(_)));
    let refusal = match refusals.collect::<Vec<_>>().as_slice() {
        [(number, ContentBlock::Refusal(refusal))] if parts::is_plain(out, refusal) => Some((*number, &refusal.text)),
        _ => None,
    };
    let is_beside = |number: usize| refusal.as_ref().is_some_and(|(beside, _)| *beside == number);
    let content: Vec<_> =
        blocks.iter().copied().filter(|(number, block)| is_part(block) && !is_beside(*number)).collect();
    let calls: Vec<_> = blocks.iter().filter_map(|(number, block)| Some((*number, call(block)?))).collect();
    write_content(out, &content, !calls.is_empty() || refusal.is_some());
    let thoughts = write_thoughts(out, blocks);
    if let Some((_, text)) = refusal {
        out.text_member("refusal", Some(text));
    }
    write_calls(out, &calls);
    ShownSpeech {
        content: content.iter().map(|(number, _)| *number).collect(),
        thoughts,
        refusal: refusal.map(|(number, _)| number),
        calls: calls.iter().map(|(number, _)| *number).collect(),
    }
}

fn is_part(block: &ContentBlock) -> bool {
    !matches!(block, ContentBlock::ToolUse(_) | ContentBlock::Reasoning(_))
}

fn call(block: &ContentBlock) -> Option<&ToolUseBlock> {
    match block {
        ContentBlock::ToolUse(call) => Some(call),
        _ => None,
    }
}

/// Writes `content`: a string where that says all.
pub(super) fn write_content(out: &mut ViewWriter, content: &[(usize, &ContentBlock)], may_be_null: bool) {
    out.out.name("content");
    match content {
        [] if may_be_null => {
            out.out.null();
        }
        [] => {
            out.out.string("");
        }
        [(_, ContentBlock::Text(text))] if parts::is_plain(out, text) => out.text(&text.text),
        [(_, ContentBlock::Other(other))] if other.kind.as_ref() == parts::JSON => {
            out.raw_as_text(&other.raw, ShownForm::Value);
        }
        blocks => {
            out.out.open_array();
            for (_, block) in blocks {
                parts::write(out, block);
            }
            out.out.close_array();
        }
    }
}

/// Writes what was thought: `reasoning_content` where it is one text, else `reasoning_details`.
fn write_thoughts(out: &mut ViewWriter, blocks: &[(usize, &ContentBlock)]) -> Vec<ShownThought> {
    let mut shown = Vec::new();
    let mut texts = Vec::new();
    for (number, block) in blocks {
        let ContentBlock::Reasoning(thought) = block else { continue };
        for (is_short, all) in [(false, &thought.text), (true, &thought.summary)] {
            for (at, text) in all.iter().enumerate() {
                shown.push(ShownThought { block: *number, is_short, number: at });
                texts.push((thought, text));
            }
        }
    }
    match texts.as_slice() {
        [] => {}
        [(thought, text)] if !out.has_extras(&thought.extra) => out.text_member("reasoning_content", Some(text)),
        texts => {
            out.out.name("reasoning_details").open_array();
            let mut before: Option<&ReasoningBlock> = None;
            for ((thought, text), shown) in texts.iter().zip(&shown) {
                let (kind, member) =
                    if shown.is_short { ("reasoning.summary", "summary") } else { ("reasoning.text", "text") };
                out.out.open().name("type").string(kind);
                out.text_member(member, Some(text));
                if !before.is_some_and(|before| std::ptr::eq(before, *thought)) {
                    out.extras(&thought.extra);
                }
                out.out.close();
                before = Some(thought);
            }
            out.out.close_array();
        }
    }
    shown
}

fn write_calls(out: &mut ViewWriter, calls: &[(usize, &ToolUseBlock)]) {
    if calls.is_empty() {
        return;
    }
    out.out.name("tool_calls").open_array();
    for (_, call) in calls {
        let (member, input) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
        out.out.open();
        out.text_member("id", call.id.as_ref());
        out.out.name("type").string(member).name(member).open();
        out.text_member("name", Some(&call.name));
        out.out.name(input);
        match &call.input {
            ToolInput::Text(text) => out.text(text),
            ToolInput::Json(raw) => out.raw_as_text(raw, ShownForm::Arguments),
        }
        out.out.close();
        if let Some(item) = &call.item {
            out.own_name(b"id");
            out.text(item);
        }
        parts::write_cache(out, call.cache.as_ref());
        out.extras(&call.extra);
        out.out.close();
    }
    out.out.close_array();
}
