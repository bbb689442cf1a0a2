//! Parts of a message's content, as a view has them: what chat knows in its words, everything else with its own members.

use super::map::ShownForm;
use super::names::{cache_member, is_file, is_opaque, prefix};
use super::write::ViewWriter;
use crate::canon::{
    CacheMark, ContentBlock, DocumentBlock, DocumentSource, JsonText, MediaBlock, MediaSource, RawJson, RawMembers,
    TextBlock,
};
use crate::wire::WireFormat;

/// What a tool's result is called that is a value and no text.
pub(super) const JSON: &str = "json";
/// What a block is called that has no name of its own.
const NAMELESS: &str = "part";

/// Writes a block as a part.
pub(super) fn write(out: &mut ViewWriter, block: &ContentBlock) {
    match block {
        ContentBlock::Text(text) => said(out, "text", text),
        ContentBlock::Refusal(text) => said(out, "refusal", text),
        ContentBlock::Image(media) => addressed(out, "image", "image_url", media),
        ContentBlock::Video(media) => addressed(out, "video", "video_url", media),
        ContentBlock::Audio(media) => audio(out, media),
        ContentBlock::Document(document) => file(out, document),
        ContentBlock::ServerTool(tool) => raw_part(out, &tool.raw),
        ContentBlock::Other(other) if other.kind.as_ref() == JSON => {
            out.out.open().name("type").string("text").name("text");
            out.raw_as_text(&other.raw, ShownForm::Value);
            out.out.close();
        }
        ContentBlock::Other(other) => raw_part(out, &other.raw),
        // They stand beside the content, or in messages of their own: what is in them here is told with the rest.
        ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) | ContentBlock::Reasoning(_) => {
            let kind = own_kind(out.wire, NAMELESS);
            out.out.open().name("type").string(&kind).close();
        }
    }
}

/// Whether a text is nothing but its text.
pub(super) fn is_plain(out: &ViewWriter, text: &TextBlock) -> bool {
    let bare = (text.citations.is_empty() || !cites(out)) && (text.logprobs.is_none() || out.is_answer);
    bare && text.cache.is_none() && !out.has_extras(&text.extra)
}

/// Whether citations stand with the text that they are of; Google's stand beside all of them.
fn cites(out: &ViewWriter) -> bool {
    out.wire != WireFormat::GenerateContent
}

/// A mark for the cache.
pub(super) fn write_cache(out: &mut ViewWriter, mark: Option<&CacheMark>) {
    let Some(mark) = mark else { return };
    out.own_name(cache_member(out.wire).as_bytes());
    out.out.open();
    if mark.extra.get("type").is_none() && mark.extra.get("mode").is_none() {
        out.out.name("type").string("ephemeral");
    }
    out.text_member("ttl", mark.ttl.as_ref());
    for (name, value) in mark.extra.iter() {
        out.out.name_raw(name);
        out.raw(value);
    }
    out.out.close();
}

/// The name of a block's kind that chat does not know.
fn own_kind(wire: WireFormat, kind: &str) -> String {
    format!("{}.{kind}", prefix(wire))
}

fn said(out: &mut ViewWriter, kind: &str, text: &TextBlock) {
    out.out.open().name("type").string(kind).name(kind);
    out.text(&text.text);
    if !text.citations.is_empty() && cites(out) {
        out.own_name(b"citations");
        out.out.open_array();
        for note in &text.citations {
            out.raw(&note.raw);
        }
        out.out.close_array();
    }
    if let Some(logprobs) = text.logprobs.as_ref().filter(|_| !out.is_answer) {
        out.own_name(b"logprobs");
        out.raw(logprobs);
    }
    end(out, text.cache.as_ref(), &text.extra);
}

fn end(out: &mut ViewWriter, cache: Option<&CacheMark>, extra: &RawMembers) {
    write_cache(out, cache);
    out.extras(extra);
    out.out.close();
}

fn addressed(out: &mut ViewWriter, kind: &str, member: &str, media: &MediaBlock) {
    out.out.open().name("type");
    if let MediaSource::FileId(id) = &media.source {
        let kind = own_kind(out.wire, kind);
        out.out.string(&kind);
        out.text_member("file_id", Some(id));
    } else {
        out.out.string(member).name(member).open().name("url");
        write_url(out, &media.source, media.media_type.as_ref());
        out.text_member("detail", media.detail.as_ref());
        out.out.close();
    }
    end(out, media.cache.as_ref(), &media.extra);
}

fn write_url(out: &mut ViewWriter, source: &MediaSource, media_type: Option<&JsonText>) {
    match source {
        MediaSource::Base64(data) => out.url(&head(media_type), data),
        MediaSource::Url(place) | MediaSource::Store(place) | MediaSource::FileId(place) => out.text(place),
    }
}

fn head(media_type: Option<&JsonText>) -> String {
    // What is no media type is told with the rest.
    let kind = media_type.filter(|kind| is_opaque(kind.escaped())).map(JsonText::text);
    format!("data:{};base64,", kind.as_deref().unwrap_or("application/octet-stream"))
}

fn audio(out: &mut ViewWriter, media: &MediaBlock) {
    let MediaSource::Base64(data) = &media.source else {
        return addressed(out, "audio", "audio_url", media);
    };
    out.out.open().name("type").string("input_audio").name("input_audio").open().name("data");
    out.text(data);
    let kind = media.media_type.as_ref().map(JsonText::text);
    if let Some(format) = kind.as_deref().and_then(|kind| kind.strip_prefix("audio/")) {
        out.out.name("format").string(if format == "mpeg" { "mp3" } else { format });
    }
    out.out.close();
    end(out, media.cache.as_ref(), &media.extra);
}

fn file(out: &mut ViewWriter, document: &DocumentBlock) {
    let has_name = matches!(&document.source, DocumentSource::Media(MediaSource::Base64(_) | MediaSource::FileId(_)));
    out.out.open().name("type");
    match &document.source {
        DocumentSource::Media(MediaSource::Base64(data)) => {
            out.out.string("file").name("file").open();
            out.text_member("filename", document.name.as_ref());
            out.out.name("file_data");
            out.url(&head(document.media_type.as_ref()), data);
            out.out.close();
        }
        DocumentSource::Media(MediaSource::FileId(id)) => {
            out.out.string("file").name("file").open();
            out.text_member("filename", document.name.as_ref());
            out.text_member("file_id", Some(id));
            out.out.close();
        }
        DocumentSource::Media(place) => {
            let kind = own_kind(out.wire, "document");
            out.out.string(&kind).name("file_url").open().name("url");
            write_url(out, place, None);
            out.out.close();
        }
        DocumentSource::Text(text) => {
            let kind = own_kind(out.wire, "document");
            out.out.string(&kind);
            out.text_member("text", Some(text));
        }
        DocumentSource::Blocks(blocks) => {
            let kind = own_kind(out.wire, "document");
            out.out.string(&kind);
            if is_file(b"content", blocks) {
                out.own_name(b"content");
            } else {
                out.out.name("content");
            }
            out.raw(blocks);
        }
    }
    if !has_name {
        out.text_member("title", document.name.as_ref());
    }
    out.text_member("context", document.context.as_ref());
    end(out, document.cache.as_ref(), &document.extra);
}

/// A block that chat does not know, with its own members.
fn raw_part(out: &mut ViewWriter, raw: &RawJson) {
    let members = raw.members();
    let named = members.iter().map(|(name, _)| name).find(|name| *name != b"type");
    let kind = match members.get("type").and_then(RawJson::text) {
        Some(kind) => kind.text().into_owned(),
        None => named.map_or(NAMELESS.into(), |name| String::from_utf8_lossy(name).into_owned()),
    };
    let kind = own_kind(out.wire, &kind);
    out.out.open().name("type").string(&kind);
    if members.is_empty() {
        out.raw_member("value", Some(raw));
    }
    for (name, value) in members.iter().filter(|(name, value)| *name != b"type" || value.text().is_none()) {
        if is_file(name, value) || name == b"type" {
            out.own_name(name);
        } else {
            out.out.name_raw(name);
        }
        out.raw(value);
    }
    out.out.close();
}
