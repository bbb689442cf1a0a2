//! What a model needs to see again, word for word, and only its vendor can read. A client of another vendor's wire keeps it in a
//! slot of that wire, wrapped: `weir1.<vendor>.<kind>.<base64url>`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::canon::{JsonText, SignatureKind, ThoughtSignature};
use crate::wire::Vendor;

const MARK: &str = "weir1.";

const VENDORS: [(Vendor, &str); 5] = [
    (Vendor::OpenAi, "openai"),
    (Vendor::Anthropic, "anthropic"),
    (Vendor::Google, "google"),
    (Vendor::Amazon, "amazon"),
    (Vendor::Other, "other"),
];

const KINDS: [(SignatureKind, &str); 3] = [
    (SignatureKind::Signature, "signature"),
    (SignatureKind::Redacted, "redacted"),
    (SignatureKind::Encrypted, "encrypted"),
];

/// What stands in a slot of this vendor's wire: a signature of the vendor's own, or one of another that was wrapped.
#[must_use]
pub fn read(value: &JsonText, vendor: Vendor, kind: SignatureKind) -> ThoughtSignature {
    unwrapped(&value.text()).unwrap_or_else(|| ThoughtSignature { vendor, kind, value: value.clone() })
}

/// Whether any that was wrapped stands in a body.
#[must_use]
pub fn are_in(body: &[u8]) -> bool {
    memchr::memmem::find(body, MARK.as_bytes()).is_some()
}

fn unwrapped(text: &str) -> Option<ThoughtSignature> {
    let mut parts = text.strip_prefix(MARK)?.splitn(3, '.');
    let (vendor, kind, value) = (parts.next()?, parts.next()?, parts.next()?);
    let value = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
    Some(ThoughtSignature {
        vendor: VENDORS.iter().find(|(_, word)| *word == vendor)?.0,
        kind: KINDS.iter().find(|(_, word)| *word == kind)?.0,
        value: JsonText::of(std::str::from_utf8(&value).ok()?),
    })
}

/// What to put into a slot of this vendor's wire for the client to give back: the signature as it is if it is of that slot, else
/// wrapped.
#[must_use]
pub fn carried(signature: &ThoughtSignature, vendor: Vendor, kind: SignatureKind) -> JsonText {
    if signature.vendor == vendor && signature.kind == kind {
        return signature.value.clone();
    }
    let word = |found: Option<&'static str>| found.unwrap_or_default();
    let vendor = word(VENDORS.iter().find(|(own, _)| *own == signature.vendor).map(|(_, word)| *word));
    let kind = word(KINDS.iter().find(|(own, _)| *own == signature.kind).map(|(_, word)| *word));
    let value = BASE64_URL_SAFE_NO_PAD.encode(signature.value.text().as_bytes());
    JsonText::of(&format!("{MARK}{vendor}.{kind}.{value}"))
}

/// The signature as a model of this vendor reads it; none if it is another's.
#[must_use]
pub fn readable(signature: &ThoughtSignature, vendor: Vendor) -> Option<&JsonText> {
    (signature.vendor == vendor).then_some(&signature.value)
}
