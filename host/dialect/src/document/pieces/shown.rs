//! What of a string is text, by the rule of its place.

use std::borrow::Cow;

use weir_http::json::{self, Token};

use super::encoded::{self, FileText, MediaKind};
use super::opaque;
use super::place::NonTextRule;

/// What is somebody's own is no text only where it is bytes of at least this length, in base64: a shorter one is a word as
/// well.
const LONG: usize = 1024;

/// What a reader is shown of a string.
pub(super) enum ShownText<'a> {
    /// Nothing: it is no text.
    Nothing,
    /// It, as it stands.
    Text(Cow<'a, str>),
    /// The text of the file that it is, and what stands before that.
    File(Box<str>, String),
    /// It is a file of which nobody can tell what it says.
    Unreadable,
}

/// What is shown of the string `quoted`, by its rule.
pub(super) fn shown(rule: NonTextRule, quoted: &[u8], token: Token) -> ShownText<'_> {
    let content = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let is_text = match rule {
        NonTextRule::Show => !content.is_empty(),
        NonTextRule::Word => !opaque::is_word(content),
        NonTextRule::Long if content.len() < LONG => !content.is_empty(),
        NonTextRule::Long if opaque::is_encoded(content) => return in_bytes(quoted),
        NonTextRule::Long => true,
        NonTextRule::Format => !opaque::is_letters(content),
        NonTextRule::SchemaType => !opaque::is_schema_type(content),
        NonTextRule::Encoded => !opaque::is_encoded(content),
        NonTextRule::Address if opaque::is_web_address(content) || content.is_empty() => false,
        NonTextRule::Address | NonTextRule::File | NonTextRule::Sound => return file(rule, quoted),
    };
    if !is_text {
        return ShownText::Nothing;
    }
    // Without escapes it is as it stands.
    let plain = if token.len == content.len() { std::str::from_utf8(content).ok() } else { None };
    ShownText::Text(plain.map_or_else(|| json::string_lossy(quoted).unwrap_or_default(), Cow::Borrowed))
}

/// What is shown of long bytes whose place says nothing of them: the text, if they are a `data:` URL of one.
fn in_bytes(quoted: &[u8]) -> ShownText<'_> {
    let text = json::string_lossy(quoted).unwrap_or_default();
    match opaque::data_url(text.as_bytes()).map(|_| encoded::look(&text, None)) {
        Some(FileText::Text(head, text)) => ShownText::File(head.into(), text),
        _ => ShownText::Nothing,
    }
}

/// What is shown of a file, or of what should be one or the address of one.
fn file(rule: NonTextRule, quoted: &[u8]) -> ShownText<'_> {
    let text = json::string_lossy(quoted).unwrap_or_default();
    let url = text.trim_start();
    let plain = match (opaque::data_url(url.as_bytes()), rule) {
        (Some(_), _) => None,
        (None, NonTextRule::File) => Some(MediaKind::Unknown),
        (None, NonTextRule::Sound) => Some(MediaKind::Bytes),
        (None, _) => return ShownText::Text(text),
    };
    match encoded::look(url, plain) {
        FileText::None => ShownText::Nothing,
        FileText::Text(_, said) if said.is_empty() => ShownText::Nothing,
        FileText::Text(head, said) => ShownText::File(head.into(), said),
        FileText::Literal => ShownText::Text(text),
        FileText::Unreadable => ShownText::Unreadable,
    }
}
