//! Signatures in `thoughtSignature`, which is of bytes: in base64, whose alphabet clients change at will.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;

use crate::canon::{JsonText, RawMembers, SignatureKind, ThoughtSignature};
use crate::translate::signatures;
use crate::wire::Vendor;

/// How base64 of `weir1.` begins, by which a signature that was wrapped for this slot is known.
const WRAPPED: &[u8] = b"d2VpcjEu";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Takes out the signature of a part.
pub(super) fn take(part: &mut RawMembers) -> Option<ThoughtSignature> {
    part.take_text("thoughtSignature").map(|value| read(&value))
}

/// What stands in the slot.
fn read(value: &JsonText) -> ThoughtSignature {
    let text = unwrapped(value).map(|text| JsonText::of(&text));
    signatures::read(text.as_ref().unwrap_or(value), Vendor::Google, SignatureKind::Signature)
}

fn unwrapped(value: &JsonText) -> Option<String> {
    if !value.escaped().starts_with(WRAPPED) {
        return None;
    }
    // `\/` is an escape that some writers use.
    let text = value.text();
    let bytes = STANDARD.decode(text.as_bytes()).or_else(|_| URL_SAFE.decode(text.as_bytes())).ok()?;
    String::from_utf8(bytes).ok()
}

/// What a client keeps for the way back: the signature as it is if it is Google's, else wrapped.
pub(super) fn carried(signature: &ThoughtSignature) -> JsonText {
    let carried = signatures::carried(signature, Vendor::Google, SignatureKind::Signature);
    if is_own(signature) { carried } else { JsonText::of(&BASE64_STANDARD.encode(carried.text().as_bytes())) }
}

/// Whether the slot is the signature's own.
pub(super) fn is_own(signature: &ThoughtSignature) -> bool {
    signature.vendor == Vendor::Google && signature.kind == SignatureKind::Signature
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::canon::RawJson;

    fn back(value: &str) -> ThoughtSignature {
        let part = format!(r#"{{"thoughtSignature":"{value}"}}"#);
        take(&mut RawJson::parse(Bytes::from(part)).unwrap().members()).unwrap()
    }

    // Quirk 77: a client in Python reads the slot as bytes and writes them in the other alphabet.
    #[test]
    fn a_signature_comes_back_from_clients_that_write_its_bytes_anew() {
        for value in ["EuYIgkAEqo???>>>", "€", "", "a"] {
            let signature = ThoughtSignature {
                vendor: Vendor::Anthropic,
                kind: SignatureKind::Redacted,
                value: JsonText::of(value),
            };
            let carried = carried(&signature).text().into_owned();
            assert_eq!(back(&carried), signature);
            assert_eq!(back(&carried.replace('+', "-").replace('/', "_")), signature);
            assert_eq!(back(carried.trim_end_matches('=')), signature);
        }
    }

    #[test]
    fn what_is_googles_stays_as_it_is() {
        let signature = back("CvIFAdHtim8+/w==");
        assert!(is_own(&signature));
        assert_eq!(carried(&signature), JsonText::of("CvIFAdHtim8+/w=="));
        assert_eq!(back("d2VpcjEu!").value, JsonText::of("d2VpcjEu!"), "what only looks wrapped is as it stands");
    }
}
