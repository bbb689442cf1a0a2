//! Media types, and what this wire calls them.

use crate::canon::{JsonText, MediaSource};

/// What a URL says, where it is the same again when it is written; else an address.
pub(super) fn of_url(url: &JsonText) -> (MediaSource, Option<JsonText>) {
    let text = url.text();
    let head = text.strip_prefix("data:").and_then(|rest| Some(rest.split_once(',')?.0));
    // Parameters of a media type have no place of their own.
    let is_plain = head
        .is_none_or(|head| head.strip_suffix(";base64").is_some_and(|kind| !kind.is_empty() && !kind.contains(';')));
    if is_plain { MediaSource::of_url(url) } else { (MediaSource::Url(url.clone()), None) }
}

/// The media type of sound in this format (OpenAI's API reference: `wav`, `mp3`).
pub(super) fn of_format(format: &JsonText) -> JsonText {
    match format.text().as_ref() {
        "mp3" => JsonText::of("audio/mpeg"),
        other => JsonText::of(&format!("audio/{other}")),
    }
}

/// The format of sound of this media type.
pub(super) fn to_format(media_type: Option<&JsonText>) -> JsonText {
    match media_type.map(JsonText::text).as_deref() {
        None | Some("audio/mpeg" | "audio/mp3") => JsonText::of("mp3"),
        Some("audio/wav" | "audio/x-wav" | "audio/wave") => JsonText::of("wav"),
        Some(other) => JsonText::of(other.strip_prefix("audio/").unwrap_or(other)),
    }
}
