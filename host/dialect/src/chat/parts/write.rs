//! Parts of a message's content, written.

use super::THINKING;
use super::read::texts;
use crate::canon::{
    ContentBlock, ContentForm, DocumentBlock, DocumentSource, JsonText, JsonWriter, MediaBlock, MediaSource, RawJson,
    RawMembers, ReasoningBlock, TextBlock,
};
use crate::chat::calls::ODD_CALL;
use crate::chat::writing::{ChatWriting, within};

/// Whether it stands in a message's content, and not beside it.
pub(in crate::chat) fn is_part(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Text(_)
        | ContentBlock::Image(_)
        | ContentBlock::Audio(_)
        | ContentBlock::Video(_)
        | ContentBlock::Document(_) => true,
        ContentBlock::Refusal(refusal) => !refusal.extra.is_empty(),
        ContentBlock::Reasoning(thoughts) => thoughts.extra.get(THINKING).is_some(),
        ContentBlock::Other(other) => other.kind.as_ref() != ODD_CALL,
        ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) | ContentBlock::ServerTool(_) => false,
    }
}

/// Writes the member `content` of a message that came in this wire, in the form that it had.
pub(in crate::chat) fn write_content(
    out: &mut JsonWriter,
    blocks: &[&ContentBlock],
    form: ContentForm,
    writing: &mut ChatWriting<'_>,
) {
    let plain = blocks.iter().map(|block| match block {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    });
    match (form, plain.collect::<Option<Vec<_>>>()) {
        (ContentForm::Absent, _) if blocks.is_empty() => {}
        (ContentForm::Null, _) if blocks.is_empty() => {
            out.name("content").null();
        }
        (ContentForm::Text | ContentForm::Null | ContentForm::Absent, Some(texts)) => {
            out.name("content").text(&JsonText::concat(texts));
        }
        (ContentForm::Object, _) if blocks.len() == 1 => {
            out.name("content");
            blocks.iter().for_each(|block| write(out, block, writing));
        }
        _ => {
            out.name("content").open_array();
            blocks.iter().for_each(|block| write(out, block, writing));
            out.close_array();
        }
    }
}

/// Writes a part; what has none in this wire is told as lost.
pub(in crate::chat) fn write(out: &mut JsonWriter, block: &ContentBlock, writing: &mut ChatWriting<'_>) {
    match block {
        ContentBlock::Text(text) => said(out, "text", text, writing),
        ContentBlock::Refusal(text) => said(out, "refusal", text, writing),
        ContentBlock::Image(media) => addressed(out, "image_url", media, writing),
        ContentBlock::Video(media) => addressed(out, "video_url", media, writing),
        ContentBlock::Audio(media) => audio(out, media, writing),
        ContentBlock::Document(document) => file(out, document, writing),
        ContentBlock::Reasoning(thoughts) if writing.own => thinking(out, thoughts, writing),
        ContentBlock::Other(other) if writing.own => {
            out.raw(&other.raw);
        }
        ContentBlock::Other(other) => writing.losses.lose_extra("messages.content", other.kind.as_bytes()),
        ContentBlock::ServerTool(_) => writing.losses.lose("messages.content.server_tool"),
        ContentBlock::Reasoning(_) => writing.losses.lose("messages.content.reasoning"),
        ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) => {}
    }
}

/// Begins a part. Of what was read in this wire `type` is among the members that were kept.
fn begin(out: &mut JsonWriter, kind: &str, extra: &RawMembers, writing: &ChatWriting<'_>) {
    out.open();
    if !writing.own || extra.get("type").is_none() {
        out.name("type").string(kind);
    }
}

fn said(out: &mut JsonWriter, kind: &'static str, block: &TextBlock, writing: &mut ChatWriting<'_>) {
    begin(out, kind, &block.extra, writing);
    out.name(kind).text(&block.text);
    writing.cache(out, block.cache.as_ref());
    writing.rest(out, "messages.content", &block.extra, &[]);
    out.close();
}

fn addressed(out: &mut JsonWriter, kind: &'static str, media: &MediaBlock, writing: &mut ChatWriting<'_>) {
    let kept = media.extra.get(kind).filter(|_| writing.own);
    let Some(url) = media.source.to_url(media.media_type.as_ref()) else {
        writing.losses.lose("messages.content.file_id");
        return;
    };
    if !writing.own && matches!(media.source, MediaSource::Store(_)) {
        writing.losses.lose("messages.content.store_uri");
        return;
    }
    begin(out, kind, &media.extra, writing);
    out.name(kind);
    if kept.is_some_and(RawJson::is_null) {
        out.text(&url);
    } else {
        out.open().name("url").text(&url).text_member("detail", media.detail.as_ref());
        kept.into_iter().for_each(|kept| {
            out.members(&kept.members());
        });
        out.close();
    }
    finish(out, media, kind, writing);
}

fn audio(out: &mut JsonWriter, media: &MediaBlock, writing: &mut ChatWriting<'_>) {
    let MediaSource::Base64(data) = &media.source else {
        writing.losses.lose("messages.content.audio_url");
        return;
    };
    begin(out, "input_audio", &media.extra, writing);
    if writing.document_url {
        out.name("input_audio").text(data);
        return finish(out, media, "input_audio", writing);
    }
    out.name("input_audio").open().name("data").text(data);
    if let Some(format) = media.media_type.as_ref().and_then(format_of) {
        out.name("format").text(&format);
    }
    if writing.own {
        out.members(&within(&media.extra, "input_audio"));
    }
    out.close();
    finish(out, media, "input_audio", writing);
}

fn finish(out: &mut JsonWriter, media: &MediaBlock, kind: &str, writing: &mut ChatWriting<'_>) {
    writing.cache(out, media.cache.as_ref());
    writing.rest(out, "messages.content", &media.extra, &[kind]);
    out.close();
}

/// OpenAI's word for a type of sound.
fn format_of(media_type: &JsonText) -> Option<JsonText> {
    let text = media_type.text();
    let format = match text.strip_prefix("audio/")? {
        "mpeg" => "mp3",
        "x-wav" | "wave" | "vnd.wave" => "wav",
        other => other,
    };
    Some(JsonText::of(format))
}

/// A file as Mistral has it (its API reference, `DocumentURLChunk`, `FileChunk`).
fn listed(out: &mut JsonWriter, document: &DocumentBlock, writing: &mut ChatWriting<'_>) {
    let (kind, value) = match &document.source {
        DocumentSource::Media(MediaSource::FileId(id)) => ("file", Some(id.clone())),
        DocumentSource::Media(source @ (MediaSource::Base64(_) | MediaSource::Url(_))) => {
            ("document_url", source.to_url(document.media_type.as_ref()))
        }
        DocumentSource::Text(text) => return said(out, "text", &document_text(document, text), writing),
        DocumentSource::Media(MediaSource::Store(_)) | DocumentSource::Blocks(_) => ("document_url", None),
    };
    if document.context.is_some() || document.cited == Some(true) || value.is_none() {
        writing.losses.lose("messages.content.document");
    }
    let Some(value) = value else { return };
    out.open().name("type").string(kind);
    if kind == "file" {
        out.name("file_id").text(&value);
    } else {
        out.name(kind).text(&value).text_member("document_name", document.name.as_ref());
    }
    writing.cache(out, document.cache.as_ref());
    out.close();
}

fn file(out: &mut JsonWriter, document: &DocumentBlock, writing: &mut ChatWriting<'_>) {
    if writing.document_url {
        return listed(out, document, writing);
    }
    let (member, value) = match &document.source {
        DocumentSource::Media(MediaSource::FileId(id)) => ("file_id", Some(id.clone())),
        DocumentSource::Media(source @ MediaSource::Base64(_)) => {
            ("file_data", source.to_url(document.media_type.as_ref()))
        }
        DocumentSource::Media(MediaSource::Url(url)) if writing.own => ("file_data", Some(url.clone())),
        DocumentSource::Media(MediaSource::Url(_) | MediaSource::Store(_)) => ("document_url", None),
        DocumentSource::Text(text) => return said(out, "text", &document_text(document, text), writing),
        DocumentSource::Blocks(_) => ("document_blocks", None),
    };
    let Some(value) = value else {
        return writing.losses.lose_extra("messages.content", member.as_bytes());
    };
    begin(out, "file", &document.extra, writing);
    out.name("file").open().name(member).text(&value);
    match &document.name {
        Some(name) => out.name("filename").text(name),
        // OpenAI demands one where the data are here.
        None if !writing.own && member == "file_data" => out.name("filename").string("document"),
        None => out,
    };
    if writing.own {
        out.members(&within(&document.extra, "file"));
    }
    out.close();
    if document.context.is_some() || document.cited == Some(true) {
        writing.losses.lose("messages.content.document");
    }
    writing.cache(out, document.cache.as_ref());
    writing.rest(out, "messages.content", &document.extra, &["file"]);
    out.close();
}

/// A document that is text, as text: this wire has no other way for it.
fn document_text(document: &DocumentBlock, text: &JsonText) -> TextBlock {
    let gap = JsonText::of("\n\n");
    let head = [document.name.as_ref(), document.context.as_ref()].into_iter().flatten().flat_map(|head| [head, &gap]);
    TextBlock { cache: document.cache.clone(), ..TextBlock::of(JsonText::concat(head.chain([text]))) }
}

fn thinking(out: &mut JsonWriter, thoughts: &ReasoningBlock, writing: &mut ChatWriting<'_>) {
    begin(out, THINKING, &thoughts.extra, writing);
    let kept = thoughts.extra.get(THINKING).filter(|kept| texts(kept) == thoughts.text);
    out.name(THINKING);
    match kept {
        Some(kept) => out.raw(kept),
        None => {
            out.open_array();
            for text in &thoughts.text {
                out.open().name("type").string("text").name("text").text(text).close();
            }
            out.close_array()
        }
    };
    writing.rest(out, "messages.content", &thoughts.extra, &[THINKING]);
    out.close();
}
