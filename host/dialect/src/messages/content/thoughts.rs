//! What the model thought, written: `thinking` where there are words, `redacted_thinking` where there are none.

use crate::canon::{JsonText, JsonWriter, ReasoningBlock, SignatureKind, ThoughtSignature};
use crate::translate::signatures;
use crate::wire::Vendor;

/// Whether a thought is as this wire has it: signed by Anthropic, or by nobody. One that another vendor signed, and that was given
/// to the client to keep, is none that a model reads here.
pub(super) fn is_of_this_wire(thought: &ReasoningBlock) -> bool {
    thought.signature.as_ref().is_none_or(|signature| signature.vendor == Vendor::Anthropic)
}

/// Writes a thought as it came in this wire.
pub(super) fn write_back(out: &mut JsonWriter, thought: &ReasoningBlock) -> bool {
    match &thought.signature {
        Some(signature) if signature.kind == SignatureKind::Redacted => {
            out.open().name("type").string("redacted_thinking").name("data").text(&signature.value);
        }
        signature => {
            let value = signature.as_ref().map(|signature| &signature.value);
            write_thinking(out, &JsonText::concat(&thought.text), value);
        }
    }
    out.members(&thought.extra).close();
    true
}

/// Writes a thought for a model of this vendor; nothing if it is not the vendor's, for it would be refused.
pub(super) fn for_model(out: &mut JsonWriter, thought: &ReasoningBlock, vendor: Vendor) -> bool {
    let Some(signature) = &thought.signature else { return false };
    let Some(value) = signatures::readable(signature, vendor) else { return false };
    match signature.kind {
        SignatureKind::Signature => write_thinking(out, &words(thought), Some(value)),
        SignatureKind::Redacted => {
            out.open().name("type").string("redacted_thinking").name("data").text(value);
        }
        SignatureKind::Encrypted => return false,
    }
    out.close();
    true
}

/// Writes a thought for a client, whosoever signed it; nothing if it says nothing.
pub(super) fn for_client(out: &mut JsonWriter, thought: &ReasoningBlock) -> bool {
    let words = words(thought);
    match &thought.signature {
        Some(signature) if words.is_empty() && !is_own(signature) => write_redacted(out, signature),
        None if words.is_empty() => return false,
        signature => {
            let kept = signature
                .as_ref()
                .map(|signature| signatures::carried(signature, Vendor::Anthropic, SignatureKind::Signature));
            // Clients demand the member.
            write_thinking(out, &words, Some(kept.as_ref().unwrap_or(&JsonText::EMPTY)));
            out.close();
        }
    }
    true
}

/// Writes what a client is to keep and nobody is to read.
pub(in crate::messages) fn write_redacted(out: &mut JsonWriter, signature: &ThoughtSignature) {
    let data = signatures::carried(signature, Vendor::Anthropic, SignatureKind::Redacted);
    out.open().name("type").string("redacted_thinking").name("data").text(&data).close();
}

/// Whether a signature is one of those that stand in `thinking` without any words.
pub(in crate::messages) fn is_own(signature: &ThoughtSignature) -> bool {
    signature.vendor == Vendor::Anthropic && signature.kind == SignatureKind::Signature
}

/// Whether there are words in it, which are lost with it.
pub(super) fn is_told(thought: &ReasoningBlock) -> bool {
    !words(thought).is_empty()
}

fn write_thinking(out: &mut JsonWriter, words: &JsonText, signature: Option<&JsonText>) {
    out.open().name("type").string("thinking").name("thinking").text(words).text_member("signature", signature);
}

/// The thought in the model's own words; where there are none, in short.
fn words(thought: &ReasoningBlock) -> JsonText {
    if thought.text.iter().any(|text| !text.is_empty()) {
        return JsonText::concat(&thought.text);
    }
    let blank = JsonText::of("\n\n");
    let mut parts: Vec<&JsonText> = Vec::new();
    for part in thought.summary.iter().filter(|part| !part.is_empty()) {
        if !parts.is_empty() {
            parts.push(&blank);
        }
        parts.push(part);
    }
    JsonText::concat(parts)
}
