//! What the model thought, and its signature: `{"reasoningContent":{"reasoningText":{"text":…,"signature":…}}}`, or
//! `redactedContent` of a thought that is not shown.

use super::blobs;
use crate::canon::{JsonText, JsonWriter, RawMembers, ReasoningBlock, SignatureKind, ThoughtSignature};
use crate::converse::rest::{BESIDE, rest, within, write_but};
use crate::translate::signatures;
use crate::wire::Vendor;

/// Between parts of a thought that other wires have apart.
const BETWEEN: &str = "\n\n";

/// Reads what stands in the block's `reasoningContent`; none if that is no thought that is known.
pub(crate) fn read(mut inner: RawMembers, vendor: Vendor) -> Option<ReasoningBlock> {
    let shown = within(&mut inner, "reasoningText", |shown| {
        let signature =
            shown.take_text("signature").map(|value| signatures::read(&value, vendor, SignatureKind::Signature));
        (shown.take_text("text"), signature)
    });
    let (text, signature) = match shown {
        Some((None, None)) => return None,
        Some(shown) => shown,
        None => {
            let redacted = inner.get("redactedContent")?.text()?;
            let signature = blobs::read(&redacted, vendor);
            if blobs::write(&signature).as_ref() == Some(&redacted) {
                inner.take("redactedContent");
            } else {
                inner.hush("redactedContent");
            }
            (None, Some(signature))
        }
    };
    Some(ReasoningBlock {
        signs_next: signs_next(text.as_ref(), signature.as_ref()),
        text: text.into_iter().collect(),
        signature,
        extra: inner,
        ..ReasoningBlock::default()
    })
}

/// Google signs calls and texts: such a signature came in a block of its own in front of what it signs.
pub(crate) fn signs_next(text: Option<&JsonText>, signature: Option<&ThoughtSignature>) -> bool {
    text.is_none_or(JsonText::is_empty) && signature.is_some_and(|signature| signature.vendor == Vendor::Google)
}

/// All that was thought, as one text: in the model's words, or else in short.
pub(crate) fn words(block: &ReasoningBlock) -> JsonText {
    let parts = if block.text.is_empty() { &block.summary } else { &block.text };
    joined(parts)
}

fn joined(parts: &[JsonText]) -> JsonText {
    let between = JsonText::of(BETWEEN);
    let separated =
        parts.iter().enumerate().flat_map(|(at, part)| (at > 0).then_some(&between).into_iter().chain([part]));
    JsonText::concat(separated)
}

/// Where a signature goes in a wire that is of this vendor's models.
pub(crate) enum SignatureSlot {
    /// Into `reasoningText.signature`.
    Signature(JsonText),
    /// Into `redactedContent`.
    Redacted(JsonText),
}

/// The slot of a signature for a client that gives it back.
pub(crate) fn slot(signature: &ThoughtSignature, vendor: Vendor) -> SignatureSlot {
    if let Some(blob) = blobs::write(signature).filter(|_| signature.vendor == vendor) {
        return SignatureSlot::Redacted(blob);
    }
    SignatureSlot::Signature(signatures::carried(signature, vendor, SignatureKind::Signature))
}

/// The slot of a signature for a model of this vendor; none if it cannot read it.
pub(crate) fn readable_slot(signature: &ThoughtSignature, vendor: Vendor) -> Option<SignatureSlot> {
    let value = signatures::readable(signature, vendor)?;
    match signature.kind {
        SignatureKind::Signature => Some(SignatureSlot::Signature(value.clone())),
        SignatureKind::Redacted => {
            Some(SignatureSlot::Redacted(blobs::write(signature).unwrap_or_else(|| value.clone())))
        }
        SignatureKind::Encrypted => None,
    }
}

/// Writes a thought with its signature, `extra` being what its own wire has beside it.
pub(crate) fn write(out: &mut JsonWriter, text: Option<&JsonText>, slot: Option<&SignatureSlot>, extra: &RawMembers) {
    out.open().name("reasoningContent").open();
    if let Some(SignatureSlot::Redacted(value)) = slot {
        if extra.get("redactedContent").is_none() {
            out.name("redactedContent").text(value);
        }
        out.raw_member("reasoningText", extra.get("reasoningText"));
    } else {
        let signature = slot.and_then(|slot| match slot {
            SignatureSlot::Signature(value) => Some(value),
            SignatureSlot::Redacted(_) => None,
        });
        out.name("reasoningText").open().text_member("text", text).text_member("signature", signature);
        out.members(&rest(extra, "reasoningText")).close();
    }
    write_but(out, extra, &["reasoningText", BESIDE]);
    out.close().members(&rest(extra, BESIDE)).close();
}
