//! Parts of a message's content, read.

use super::THINKING;
use crate::canon::{
    ContentBlock, DocumentBlock, DocumentSource, JsonText, MediaBlock, MediaSource, OtherBlock, RawJson, RawMembers,
    ReasoningBlock, TextBlock,
};
use crate::chat::writing::{keep, put_back, take_cache};

/// Reads the parts of a list.
pub(in crate::chat) fn read_all(parts: &RawJson) -> Vec<ContentBlock> {
    parts.elements().iter().map(read).collect()
}

/// Reads a part. What is none, or misses what such a part has, is kept as it stands.
pub(in crate::chat) fn read(part: &RawJson) -> ContentBlock {
    let mut members = part.members();
    let kind = members.get("type").and_then(RawJson::text);
    let kind = kind.as_ref().map(JsonText::text).unwrap_or_default();
    let block = match kind.as_ref() {
        "text" => text(&mut members, "text").map(ContentBlock::Text),
        "refusal" => text(&mut members, "refusal").map(ContentBlock::Refusal),
        "image_url" => addressed(&mut members, "image_url").map(ContentBlock::Image),
        "video_url" => addressed(&mut members, "video_url").map(ContentBlock::Video),
        "input_audio" => audio(&mut members).map(ContentBlock::Audio),
        "file" => file(&mut members).map(ContentBlock::Document),
        THINKING => thinking(&mut members).map(ContentBlock::Reasoning),
        _ => None,
    };
    block.unwrap_or_else(|| ContentBlock::Other(OtherBlock { kind: kind.as_ref().into(), raw: part.clone() }))
}

fn text(members: &mut RawMembers, name: &str) -> Option<TextBlock> {
    let text = members.take_text(name)?;
    let cache = take_cache(members);
    Some(TextBlock { cache, extra: std::mem::take(members), ..TextBlock::of(text) })
}

/// An image or a moving picture: an object with its address, or the address itself.
fn addressed(members: &mut RawMembers, name: &str) -> Option<MediaBlock> {
    let alone = members.take_text(name);
    let mut inner = match alone {
        Some(_) => RawMembers::default(),
        None => members.get(name)?.members(),
    };
    let url = alone.clone().or_else(|| inner.take_text("url"))?;
    let (source, media_type) = of_url(&url);
    let detail = inner.take_text("detail");
    members.take_members(name);
    match alone {
        // How it was written: an address without an object around it.
        Some(_) => members.push(name, RawJson::NULL),
        None => put_back(members, name, &inner),
    }
    Some(MediaBlock { source, media_type, detail, cache: take_cache(members), extra: std::mem::take(members) })
}

/// What an address says, unless that were another address when it is written again: data with parameters stay one.
fn of_url(url: &JsonText) -> (MediaSource, Option<JsonText>) {
    let (source, media_type) = MediaSource::of_url(url);
    let length = |text: &JsonText| text.escaped().len();
    let due = "data:;base64,".len() + media_type.as_ref().map_or(usize::MAX / 2, length);
    match &source {
        MediaSource::Base64(data) if due + length(data) != length(url) => (MediaSource::Url(url.clone()), None),
        _ => (source, media_type),
    }
}

fn audio(members: &mut RawMembers) -> Option<MediaBlock> {
    let mut inner = members.get("input_audio")?.members();
    let (data, format) = (inner.take_text("data")?, inner.take_text("format"));
    members.take_members("input_audio");
    put_back(members, "input_audio", &inner);
    Some(MediaBlock {
        source: MediaSource::Base64(data),
        media_type: format.map(|format| JsonText::concat([&JsonText::of("audio/"), &format])),
        detail: None,
        cache: take_cache(members),
        extra: std::mem::take(members),
    })
}

fn file(members: &mut RawMembers) -> Option<DocumentBlock> {
    let mut inner = members.get("file")?.members();
    let (source, media_type) = match inner.take_text("file_data") {
        Some(data) => of_url(&data),
        None => (MediaSource::FileId(inner.take_text("file_id")?), None),
    };
    let name = inner.take_text("filename");
    members.take_members("file");
    put_back(members, "file", &inner);
    Some(DocumentBlock {
        source: DocumentSource::Media(source),
        media_type,
        name,
        context: None,
        cited: None,
        cache: take_cache(members),
        extra: std::mem::take(members),
    })
}

/// Mistral's: a list of texts.
fn thinking(members: &mut RawMembers) -> Option<ReasoningBlock> {
    let parts = members.take(THINKING)?;
    let text = texts(&parts);
    keep(members, THINKING, parts);
    Some(ReasoningBlock { text, extra: std::mem::take(members), ..ReasoningBlock::default() })
}

/// The texts of Mistral's thoughts.
pub(super) fn texts(parts: &RawJson) -> Vec<JsonText> {
    let of_list = parts.elements().iter().filter_map(|part| part.members().take_text("text")).collect::<Vec<_>>();
    if of_list.is_empty() { parts.text().into_iter().collect() } else { of_list }
}
