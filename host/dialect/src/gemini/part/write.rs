//! Blocks as parts.

use super::style::{PartStyle, sign};
use super::{media, result, tool};
use crate::canon::{ContentBlock, FieldLosses, JsonText, JsonWriter, ReasoningBlock, TextBlock, ThoughtSignature};
use crate::gemini::signature;

/// What a model of the third generation takes for the signature of a call that another model has made: base64 of
/// `skip_thought_signature_validator`. Source: Gemini API guide, thought signatures.
const EXCUSE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// Writes blocks as parts, and says how many there are.
pub(in crate::gemini) fn write_all(
    blocks: &[&ContentBlock],
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) -> usize {
    let (mut parts, mut signature) = (0, None);
    let mut excuse = Some(JsonText::of(EXCUSE)).filter(|_| style.excuses);
    for (at, block) in blocks.iter().enumerate() {
        let next = blocks.get(at + 1).copied();
        let mut of_block: Option<JsonText> = signature.take();
        if let ContentBlock::Reasoning(thought) = block
            && let Some(own) = thought.signature.as_ref().filter(|own| signs(own, thought, next, style))
        {
            signature = style.value(own).or(of_block);
            parts += usize::from(write_thought(thought, None, style, out));
            continue;
        }
        if let ContentBlock::ToolUse(call) = block {
            let excused = excuse.take();
            if call.signature.as_ref().and_then(|own| style.value(own)).is_none() {
                of_block = of_block.or(excused);
            }
        }
        parts += usize::from(write_one(block, of_block.as_ref(), style, out, losses));
    }
    parts
}

/// Whether a thought's signature is that of the block behind it. Google signs what is no thought: where another wire has lost which
/// one, it is the next that has none.
fn signs(
    signature: &ThoughtSignature,
    thought: &ReasoningBlock,
    next: Option<&ContentBlock>,
    style: &PartStyle<'_>,
) -> bool {
    let takes = match next {
        Some(ContentBlock::ToolUse(call)) => call.signature.is_none(),
        Some(ContentBlock::Text(_)) => true,
        Some(block) => thought.signs_next && media::is_media(block),
        None => false,
    };
    takes && signature::is_own(signature) && (thought.signs_next || !style.own)
}

/// Writes a block as a part; false if it cannot be one.
fn write_one(
    block: &ContentBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) -> bool {
    match block {
        ContentBlock::Text(block) | ContentBlock::Refusal(block) => {
            // Google refuses parts that say nothing.
            if !style.own && block.text.is_empty() && signature.is_none() {
                return false;
            }
            write_text(block, signature, style, out, losses);
        }
        ContentBlock::Reasoning(thought) => {
            let value = thought.signature.as_ref().map(|own| style.value(own));
            if value == Some(None) {
                // Nobody but another vendor's model vouches for it.
                style.lose_block(block, losses);
                return false;
            }
            if !style.own {
                losses.lose_extras(style.within, &thought.extra);
            }
            return write_thought(thought, value.flatten().as_ref(), style, out);
        }
        ContentBlock::ToolUse(call) => tool::write(call, signature, style, out, losses),
        ContentBlock::ToolResult(result) => result::write(result, style, out, losses),
        ContentBlock::ServerTool(block) if style.own => media::write_raw(&block.raw, out),
        ContentBlock::Other(block) if style.own => media::write_raw(&block.raw, out),
        ContentBlock::ServerTool(_) | ContentBlock::Other(_) => {
            style.lose_block(block, losses);
            return false;
        }
        ContentBlock::Image(_) | ContentBlock::Audio(_) | ContentBlock::Video(_) | ContentBlock::Document(_) => {
            return media::write_any(block, signature, style, out, losses);
        }
    }
    true
}

fn write_text(
    block: &TextBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) {
    if !style.own {
        style.lose_cache(block.cache.as_ref(), losses);
        if style.reader.is_some() && !block.citations.is_empty() {
            losses.lose_extra(style.within, b"citations");
        }
    }
    out.open().name("text").text(&block.text);
    style.write_beside(&block.extra, &[], out, losses);
    sign(signature, out);
    out.close();
}

/// Writes a thought, one part for each of its texts and the signature on the last; false if there is nothing of it.
fn write_thought(
    thought: &ReasoningBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
) -> bool {
    let said = |text: &&JsonText| style.own || !text.is_empty();
    let texts: Vec<_> = thought.text.iter().chain(&thought.summary).filter(said).collect();
    if texts.is_empty() {
        let Some(signature) = signature else { return false };
        out.open();
        if style.own {
            out.members(&thought.extra);
        } else {
            out.name("text").text(&JsonText::EMPTY);
            // It is known again as a thought's if it is none of Google's.
            out.bool_member(
                "thought",
                Some(true).filter(|_| !thought.signature.as_ref().is_some_and(signature::is_own)),
            );
        }
        sign(Some(signature), out);
        out.close();
        return true;
    }
    let last = texts.len().saturating_sub(1);
    for (at, text) in texts.iter().enumerate() {
        out.open().name("text").text(text).name("thought").boolean(true);
        if style.own {
            out.members(&thought.extra);
        }
        sign(signature.filter(|_| at == last), out);
        out.close();
    }
    true
}
