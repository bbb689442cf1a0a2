//! How parts are read.

use super::media;
use crate::canon::{
    CacheMark, ContentBlock, DocumentBlock, DocumentSource, JsonText, MediaBlock, MediaSource, OtherBlock, RawJson,
    RawMembers, TextBlock,
};
use crate::responses::annotations;

/// The parts of a list.
pub(crate) fn read_all(parts: &RawJson) -> Vec<ContentBlock> {
    parts.elements().iter().map(read).collect()
}

/// A part. One that is unknown, or not what its type says, stays as it stands.
pub(crate) fn read(part: &RawJson) -> ContentBlock {
    let members = part.members();
    let kind = members.get("type").and_then(RawJson::text).unwrap_or_default();
    let known = match kind.text().as_ref() {
        "input_text" | "output_text" | "text" => text(members).map(ContentBlock::Text),
        "refusal" => refusal(members).map(ContentBlock::Refusal),
        "input_image" => image(members).map(ContentBlock::Image),
        "input_file" => file(members).map(ContentBlock::Document),
        "input_audio" => audio(members).map(ContentBlock::Audio),
        _ => None,
    };
    known.unwrap_or_else(|| ContentBlock::Other(OtherBlock { kind: kind.text().into(), raw: part.clone() }))
}

fn refusal(mut members: RawMembers) -> Option<TextBlock> {
    let refusal = TextBlock::of(members.take_text("refusal")?);
    Some(TextBlock { extra: members, ..refusal })
}

fn text(mut members: RawMembers) -> Option<TextBlock> {
    let text = members.take_text("text")?;
    // An empty list asks for nothing, and is written back as it was.
    let full = |raw: &RawJson| (!raw.elements().is_empty()).then(|| raw.clone());
    let annotations = members.take_as("annotations", full);
    let logprobs = members.take_as("logprobs", full);
    Some(TextBlock {
        text,
        citations: annotations.iter().flat_map(RawJson::elements).map(|raw| annotations::read(&raw)).collect(),
        cache: cache(&mut members),
        logprobs,
        extra: members,
    })
}

fn cache(members: &mut RawMembers) -> Option<CacheMark> {
    let mut extra = members.take_members("prompt_cache_breakpoint")?;
    extra.hush("mode");
    Some(CacheMark { ttl: None, extra })
}

fn image(mut members: RawMembers) -> Option<MediaBlock> {
    let (source, media_type) = match members.take_text("image_url") {
        Some(url) => media::of_url(&url),
        None => (MediaSource::FileId(members.take_text("file_id")?), None),
    };
    let detail = members.take_text("detail");
    Some(MediaBlock { source, media_type, detail, cache: cache(&mut members), extra: members })
}

fn audio(mut members: RawMembers) -> Option<MediaBlock> {
    let mut audio = members.take_members("input_audio")?;
    let (data, format) = (audio.take_text("data")?, audio.take_text("format")?);
    let media_type = media::of_format(&format);
    // What would be written differently stays as it stands.
    if !audio.is_empty() || media::to_format(Some(&media_type)) != format {
        return None;
    }
    Some(MediaBlock {
        source: MediaSource::Base64(data),
        media_type: Some(media_type),
        detail: None,
        cache: cache(&mut members),
        extra: members,
    })
}

fn file(mut members: RawMembers) -> Option<DocumentBlock> {
    let (source, media_type) = if let Some(data) = members.take_text("file_data") {
        match media::of_url(&data) {
            // It may come without the head of a URL.
            (MediaSource::Url(plain) | MediaSource::Store(plain), _) if is_base64(&plain) => {
                (MediaSource::Base64(plain), None)
            }
            (source @ MediaSource::Base64(_), media_type) => (source, media_type),
            (MediaSource::Url(_) | MediaSource::Store(_) | MediaSource::FileId(_), _) => return None,
        }
    } else if let Some(url) = members.take_text("file_url") {
        (MediaSource::Url(url), None)
    } else {
        (MediaSource::FileId(members.take_text("file_id")?), None)
    };
    Some(DocumentBlock {
        source: DocumentSource::Media(source),
        media_type,
        name: members.take_text("filename"),
        context: None,
        cited: None,
        cache: cache(&mut members),
        extra: members,
    })
}

fn is_base64(text: &JsonText) -> bool {
    text.escaped().iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}
