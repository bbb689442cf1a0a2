//! Thoughts that are not shown: `redactedContent`, bytes in base64.
//!
//! With Anthropic's models the bytes are the text that Anthropic's own wire has in `redacted_thinking.data`, so that one is read
//! of the other. OpenAI's and xAI's models give theirs nowhere else, and they are kept as they stand.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::canon::{JsonText, SignatureKind, ThoughtSignature};
use crate::wire::Vendor;

/// Reads it.
pub(crate) fn read(value: &JsonText, vendor: Vendor) -> ThoughtSignature {
    let text = if vendor == Vendor::Anthropic { bytes(value).and_then(inner_text) } else { None };
    ThoughtSignature { vendor, kind: SignatureKind::Redacted, value: text.unwrap_or_else(|| value.clone()) }
}

/// Reads bytes that came in several pieces.
pub(crate) fn of_bytes(bytes: &[u8], vendor: Vendor) -> ThoughtSignature {
    read(&JsonText::of(&BASE64_STANDARD.encode(bytes)), vendor)
}

/// The bytes of a piece; none if it is no base64.
pub(crate) fn bytes(value: &JsonText) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(value.text().as_bytes()).ok()
}

/// Writes it; none if it is nothing that stands there.
pub(crate) fn write(signature: &ThoughtSignature) -> Option<JsonText> {
    if signature.kind != SignatureKind::Redacted || !is_base64(&signature.value) {
        return None;
    }
    Some(match signature.vendor {
        Vendor::Anthropic => JsonText::of(&BASE64_STANDARD.encode(signature.value.escaped())),
        Vendor::OpenAi | Vendor::Google | Vendor::Amazon | Vendor::Other => signature.value.clone(),
    })
}

fn inner_text(bytes: Vec<u8>) -> Option<JsonText> {
    let text = JsonText::of(&String::from_utf8(bytes).ok()?);
    (!text.is_empty() && is_base64(&text)).then_some(text)
}

/// Bedrock's client libraries decode what stands there.
fn is_base64(value: &JsonText) -> bool {
    let escaped = value.escaped();
    escaped.len().is_multiple_of(4)
        && escaped.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anthropics_text_is_within_the_bytes_and_others_are_the_bytes() {
        let data = ThoughtSignature {
            vendor: Vendor::Anthropic,
            kind: SignatureKind::Redacted,
            value: JsonText::of("EvgFCkYIBxgCKkBm"),
        };
        let blob = write(&data);
        assert_eq!(blob, Some(JsonText::of("RXZnRkNrWUlCeGdDS2tCbQ==")));
        assert_eq!(blob.map(|blob| read(&blob, Vendor::Anthropic)), Some(data));
        let other = read(&JsonText::of("cnNuXzE="), Vendor::Other);
        assert_eq!(write(&other), Some(JsonText::of("cnNuXzE=")));
        let raw = read(&JsonText::of("AA=="), Vendor::Anthropic);
        assert!(raw.value.is("AA=="), "it is no text");
    }
}
