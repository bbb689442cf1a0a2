//! What the model thought: `reasoning_content` (DeepSeek and many others), `reasoning` and `reasoning_details` (OpenRouter).

use super::writing::{ChatWriting, keep};
use crate::canon::{JsonText, JsonWriter, RawJson, RawMembers, ReasoningBlock, SignatureKind, ThoughtSignature};
use crate::translate::signatures;
use crate::wire::Vendor;

/// Members that say it as one text, the one that counts first.
pub(super) const TEXTS: [&str; 2] = ["reasoning_content", "reasoning"];
/// The member that says it in pieces, with signatures.
pub(super) const DETAILS: &str = "reasoning_details";

/// Whose format an entry of `reasoning_details` is in, by OpenRouter's words for it.
const FORMATS: [(&str, Vendor); 3] = [
    ("anthropic-claude-v1", Vendor::Anthropic),
    ("google-gemini-v1", Vendor::Google),
    ("openai-responses-v1", Vendor::OpenAi),
];

/// Takes the thoughts out of a message. Each entry of `reasoning_details` is one; their texts stand in the other members once
/// more, and are read once. How all that was written is kept with the first.
pub(super) fn take(message: &mut RawMembers) -> Vec<ReasoningBlock> {
    let texts = TEXTS.map(|name| {
        (name, message.take_as(name, |raw| raw.text().filter(|text| !text.is_empty()).map(|_| raw.clone())))
    });
    let details = message.take_as(DETAILS, |raw| (!raw.elements().is_empty()).then(|| raw.clone()));
    let mut blocks: Vec<_> = details.iter().flat_map(RawJson::elements).map(|entry| detail(&entry).block()).collect();
    let says = blocks.iter().any(|block| !block.text.is_empty() || !block.summary.is_empty());
    let text = texts.iter().find_map(|(_, raw)| raw.as_ref()?.text()).filter(|_| !says);
    match (text, blocks.first_mut()) {
        // What is signed without a text of its own is signed by the text beside it.
        (Some(text), Some(first)) if first.is_signed() => first.text.push(text),
        (Some(text), _) => blocks.insert(0, ReasoningBlock { text: vec![text], ..ReasoningBlock::default() }),
        (None, _) => {}
    }
    if let Some(first) = blocks.first_mut() {
        for (name, raw) in texts {
            raw.into_iter().for_each(|raw| keep(&mut first.extra, name, raw));
        }
        details.into_iter().for_each(|raw| keep(&mut first.extra, DETAILS, raw));
    }
    blocks
}

trait Signed {
    fn is_signed(&self) -> bool;
}

impl Signed for ReasoningBlock {
    fn is_signed(&self) -> bool {
        self.signature.as_ref().is_some_and(|signature| signature.kind == SignatureKind::Signature)
    }
}

/// An entry of `reasoning_details`.
#[derive(Debug, Default)]
pub(super) struct ThoughtDetail {
    pub(super) text: Option<JsonText>,
    pub(super) summary: Option<JsonText>,
    pub(super) signature: Option<ThoughtSignature>,
}

/// Reads an entry of `reasoning_details`, or a piece of one.
pub(super) fn detail(entry: &RawJson) -> ThoughtDetail {
    let mut members = entry.members();
    let said = |members: &mut RawMembers, name: &str| members.take_text(name).filter(|text| !text.is_empty());
    let format = members.take_text("format");
    let vendor = format.and_then(|format| FORMATS.iter().find(|(word, _)| format.is(word)).map(|(_, vendor)| *vendor));
    let signed = said(&mut members, "signature")
        .map(|value| signatures::read(&value, vendor.unwrap_or(Vendor::Other), SignatureKind::Signature));
    let hidden = said(&mut members, "data").map(|value| {
        let kind = if vendor == Some(Vendor::Anthropic) { SignatureKind::Redacted } else { SignatureKind::Encrypted };
        signatures::read(&value, vendor.unwrap_or(Vendor::OpenAi), kind)
    });
    ThoughtDetail {
        text: said(&mut members, "text"),
        summary: said(&mut members, "summary"),
        signature: signed.or(hidden),
    }
}

impl ThoughtDetail {
    fn block(self) -> ReasoningBlock {
        ReasoningBlock {
            text: self.text.into_iter().collect(),
            summary: self.summary.into_iter().collect(),
            signature: self.signature,
            ..ReasoningBlock::default()
        }
    }
}

/// Writes thoughts that were read of this wire as they stood, as long as they are still the same.
pub(super) fn write_own(out: &mut JsonWriter, thoughts: &[&ReasoningBlock]) -> bool {
    let Some(first) = thoughts.first() else { return true };
    let again = take(&mut first.extra.clone());
    let same = !again.is_empty() && again.iter().eq(thoughts.iter().copied());
    if same {
        out.members(&first.extra);
    }
    same
}

/// Writes thoughts: their texts in the member of this name, and signatures with what they sign in `reasoning_details`.
pub(super) fn write(out: &mut JsonWriter, thoughts: &[&ReasoningBlock], name: &str, writing: &ChatWriting<'_>) {
    let texts: Vec<JsonText> = thoughts.iter().filter_map(|block| said(block)).collect();
    if !texts.is_empty() {
        out.name(name).text(&JsonText::concat(&texts));
    }
    let signed: Vec<_> = thoughts
        .iter()
        .filter_map(|block| {
            Some((
                said(block),
                block.signature.as_ref()?,
                writing.signature(block.signature.as_ref()?, Vendor::OpenAi)?,
            ))
        })
        .collect();
    if signed.is_empty() {
        return;
    }
    out.name(DETAILS).open_array();
    for (index, (text, signature, value)) in (0..).zip(&signed) {
        write_detail(out, index, text.as_ref(), signature, value, writing.reader.is_some());
    }
    out.close_array();
}

/// What a thought says: in its own words, or else in short.
pub(super) fn said(block: &ReasoningBlock) -> Option<JsonText> {
    if !block.text.is_empty() {
        return Some(JsonText::concat(&block.text));
    }
    let gap = JsonText::of("\n\n");
    let mut parts = Vec::new();
    for summary in &block.summary {
        if !parts.is_empty() {
            parts.push(&gap);
        }
        parts.push(summary);
    }
    (!parts.is_empty()).then(|| JsonText::concat(parts))
}

/// Writes an entry of `reasoning_details`: a text and its signature, or what only the model can read.
pub(super) fn write_detail(
    out: &mut JsonWriter,
    index: u64,
    text: Option<&JsonText>,
    signature: &ThoughtSignature,
    value: &JsonText,
    is_named: bool,
) {
    let format = FORMATS.iter().find(|(_, vendor)| is_named && *vendor == signature.vendor).map(|(word, _)| *word);
    out.open().name("index").number(index);
    if let Some(format) = format {
        out.name("format").string(format);
    }
    if signature.kind == SignatureKind::Signature {
        out.name("type").string("reasoning.text").text_member("text", text).name("signature").text(value);
    } else {
        out.name("type").string("reasoning.encrypted").name("data").text(value);
    }
    out.close();
}
