//! Images and documents.

use super::notes;
use crate::canon::{
    DocumentBlock, DocumentSource, FieldLosses, JsonText, JsonWriter, MediaBlock, MediaSource, RawJson, RawMembers,
};

/// Reads an `image`; none if its source is none that is known.
pub(super) fn image(mut members: RawMembers) -> Option<MediaBlock> {
    let (source, media_type) = members.take_as("source", |raw| media_source(raw.members()))?;
    Some(MediaBlock { source, media_type, detail: None, cache: notes::cache(&mut members), extra: members })
}

fn media_source(mut source: RawMembers) -> Option<(MediaSource, Option<JsonText>)> {
    let kind = source.take_text("type")?;
    let read = match kind.text().as_ref() {
        "base64" => {
            let media_type = source.take_text("media_type");
            (MediaSource::Base64(source.take_text("data")?), media_type)
        }
        "url" => (MediaSource::Url(source.take_text("url")?), None),
        "file" => (MediaSource::FileId(source.take_text("file_id")?), None),
        _ => return None,
    };
    source.is_empty().then_some(read)
}

/// Reads a `document`; none if its source is none that is known.
pub(super) fn document(mut members: RawMembers) -> Option<DocumentBlock> {
    let (source, media_type) = members.take_as("source", |raw| document_source(raw.members()))?;
    Some(DocumentBlock {
        source,
        media_type,
        name: members.take_text("title"),
        context: members.take_text("context"),
        cited: members.take_as("citations", |raw| {
            let mut citations = raw.members();
            let enabled = citations.take_bool("enabled")?;
            citations.is_empty().then_some(enabled)
        }),
        cache: notes::cache(&mut members),
        extra: members,
    })
}

fn document_source(mut source: RawMembers) -> Option<(DocumentSource, Option<JsonText>)> {
    let kind = source.get("type").and_then(RawJson::text)?;
    let read = match kind.text().as_ref() {
        "text" => {
            let media_type = source.take_text("media_type");
            (DocumentSource::Text(source.take_text("data")?), media_type)
        }
        "content" => (DocumentSource::Blocks(source.take("content")?), None),
        _ => {
            let (media, media_type) = media_source(source)?;
            return Some((DocumentSource::Media(media), media_type));
        }
    };
    (source.len() == 1).then_some(read)
}

/// Writes the `source` of an image or document of any wire.
pub(super) fn write_source(out: &mut JsonWriter, source: &MediaSource, media_type: Option<&JsonText>) {
    out.name("source").open().name("type");
    match source {
        MediaSource::Base64(data) => {
            out.string("base64").text_member("media_type", media_type).name("data").text(data);
        }
        MediaSource::Url(url) | MediaSource::Store(url) => {
            out.string("url").name("url").text(url);
        }
        MediaSource::FileId(id) => {
            out.string("file").name("file_id").text(id);
        }
    }
    out.close();
}

/// Writes the `source` of a document of this wire.
pub(super) fn write_document_source(out: &mut JsonWriter, document: &DocumentBlock) {
    match &document.source {
        DocumentSource::Media(media) => write_source(out, media, document.media_type.as_ref()),
        DocumentSource::Text(text) => {
            out.name("source").open().name("type").string("text");
            out.text_member("media_type", document.media_type.as_ref()).name("data").text(text).close();
        }
        DocumentSource::Blocks(blocks) => {
            out.name("source").open().name("type").string("content").name("content").raw(blocks).close();
        }
    }
}

/// Writes what stands beside a document's source.
pub(super) fn write_document_notes(out: &mut JsonWriter, document: &DocumentBlock) {
    out.text_member("title", document.name.as_ref()).text_member("context", document.context.as_ref());
    if let Some(cited) = document.cited {
        out.name("citations").open().bool_member("enabled", Some(cited)).close();
    }
}

/// An image of another wire as this one takes it; none is named a loss.
pub(super) fn foreign_image(image: &MediaBlock, losses: &mut FieldLosses) -> Option<(MediaSource, Option<JsonText>)> {
    match &image.source {
        MediaSource::Base64(data) => {
            let kind = image.media_type.clone().or_else(|| sniffed(data));
            let known = kind.as_ref().is_some_and(|kind| IMAGES.iter().any(|known| kind.is(known)));
            if !known {
                losses.lose("messages.content.image.media_type");
                return None;
            }
            Some((image.source.clone(), kind))
        }
        MediaSource::Url(_) => Some((image.source.clone(), None)),
        MediaSource::FileId(_) => {
            losses.lose("messages.content.image.file_id");
            None
        }
        MediaSource::Store(_) => {
            losses.lose("messages.content.image.url");
            None
        }
    }
}

/// The images that there are (Anthropic's specification, `Base64ImageSourceParam`).
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// What kind of image base64 is, by how such files begin.
fn sniffed(data: &JsonText) -> Option<JsonText> {
    const BEGINNINGS: [(&str, &str); 4] =
        [("iVBORw", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];
    let text = data.text();
    BEGINNINGS.iter().find(|(begin, _)| text.starts_with(begin)).map(|(_, kind)| JsonText::of(kind))
}
