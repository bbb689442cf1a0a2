//! What a string is by its letters.

/// One word, as identifiers are.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:/$".contains(&b))
}

/// Bytes in base64, as they are or in a `data:` URL.
pub(super) fn is_encoded(text: &str) -> bool {
    let head = |c: char| c.is_ascii_alphanumeric() || "+-._/;=".contains(c);
    let data = text.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    let data = data.filter(|(name, _)| name.len() < 128 && name.chars().all(head)).map_or(text, |(_, data)| data);
    data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b))
}

pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}
