//! Images, sound, films and documents: data in the part, or a file by its address.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::style::{PartStyle, sign};
use crate::canon::{
    ContentBlock, DocumentBlock, DocumentSource, FieldLosses, JsonText, JsonWriter, MediaBlock, MediaSource, RawJson,
    RawMembers,
};
use crate::gemini::kind::ShownAs;
use crate::gemini::proto;

/// Where files lie that were given to the Gemini API, which only that can read.
const FILES: &str = "https://generativelanguage.googleapis.com/";

/// Films that are named by their address, without a media type.
const FILMS: [&str; 3] = ["https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/"];

/// How names of files end, and what the files are. Source: Gemini API guides on images, sound, films and documents, which list
/// the types that are taken.
const ENDINGS: [(&str, &str); 22] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("gif", "image/gif"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("aiff", "audio/aiff"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/md"),
    ("html", "text/html"),
    ("csv", "text/csv"),
];

/// What a part shows, before what stands beside it is known.
#[derive(Debug)]
pub(super) struct ShownMedia {
    source: MediaSource,
    media_type: Option<JsonText>,
    name: Option<JsonText>,
    kind: ShownAs,
}

/// Takes `inlineData` or `fileData` out of a part, and leaves there what has no place elsewhere; none if it has neither.
pub(super) fn read(part: &mut RawMembers) -> Option<ShownMedia> {
    let mut data = part.get("inlineData").and_then(proto::as_message);
    let holder = if data.is_some() { "inlineData" } else { "fileData" };
    let mut held = data.take().or_else(|| part.get(holder).and_then(proto::as_message))?;
    let source = match holder {
        "inlineData" => MediaSource::Base64(held.take_text("data")?),
        _ => source_of(held.take_text("fileUri")?),
    };
    part.take(holder);
    let media_type = held.take_text("mimeType");
    let kind = match (&media_type, &source) {
        (None, MediaSource::Url(url)) if FILMS.iter().any(|film| url.text().starts_with(film)) => ShownAs::Video,
        (media_type, _) => ShownAs::of(media_type.as_ref()),
    };
    let name = if kind == ShownAs::Document { held.take_text("displayName") } else { None };
    proto::put_back(part, holder, &held);
    Some(ShownMedia { source, media_type, name, kind })
}

fn source_of(uri: JsonText) -> MediaSource {
    if uri.text().starts_with(FILES) {
        return MediaSource::FileId(uri);
    }
    if uri.text().starts_with("gs://") { MediaSource::Store(uri) } else { MediaSource::Url(uri) }
}

impl ShownMedia {
    /// The block, with what stands beside it.
    pub(super) fn with(self, extra: RawMembers) -> ContentBlock {
        let Self { source, media_type, name, kind } = self;
        let media = |source, media_type, extra| MediaBlock { source, media_type, detail: None, cache: None, extra };
        match kind {
            ShownAs::Image => ContentBlock::Image(media(source, media_type, extra)),
            ShownAs::Audio => ContentBlock::Audio(media(source, media_type, extra)),
            ShownAs::Video => ContentBlock::Video(media(source, media_type, extra)),
            ShownAs::Document => ContentBlock::Document(DocumentBlock {
                source: DocumentSource::Media(source),
                media_type,
                name,
                context: None,
                cited: None,
                cache: None,
                extra,
            }),
        }
    }
}

/// Writes an image, a recording or a film as a part; false if it cannot be one.
pub(super) fn write(
    block: &MediaBlock,
    fallback: &'static str,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) -> bool {
    if !style.own {
        style.lose_cache(block.cache.as_ref(), losses);
        if block.detail.as_ref().is_some_and(|detail| !detail.is("auto")) {
            losses.lose_extra(style.within, b"detail");
        }
    }
    let likely = likely(&block.source, fallback);
    let media = Media { source: &block.source, media_type: block.media_type.as_ref(), likely, name: None };
    media.write(&block.extra, signature, style, out, losses)
}

/// Writes a document as a part; false if it cannot be one.
pub(super) fn write_document(
    block: &DocumentBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) -> bool {
    if !style.own {
        style.lose_cache(block.cache.as_ref(), losses);
        let parts: [(&[u8], bool); 3] = [
            (b"title", block.name.is_some()),
            (b"context", block.context.is_some()),
            (b"citations", block.cited == Some(true)),
        ];
        for (name, _) in parts.iter().filter(|(_, said)| *said) {
            losses.lose_extra(style.within, name);
        }
    }
    let plain;
    let (source, fallback) = match &block.source {
        DocumentSource::Media(source) => (source, "application/pdf"),
        DocumentSource::Text(text) => {
            plain = MediaSource::Base64(JsonText::of(&BASE64_STANDARD.encode(text.text().as_bytes())));
            (&plain, "text/plain")
        }
        DocumentSource::Blocks(_) => {
            losses.lose_extra(style.within, b"document");
            return false;
        }
    };
    let name = block.name.as_ref().filter(|_| style.own);
    let media = Media { source, media_type: block.media_type.as_ref(), likely: likely(source, fallback), name };
    media.write(&block.extra, signature, style, out, losses)
}

/// The media type of a file, by how its name ends; else what is most of its kind.
fn likely(source: &MediaSource, fallback: &'static str) -> JsonText {
    let known = match source {
        MediaSource::Url(uri) | MediaSource::Store(uri) => {
            let text = uri.text();
            let path = text.split(['?', '#']).next().unwrap_or_default();
            let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            ending.and_then(|ending| ENDINGS.iter().find(|(known, _)| *known == ending))
        }
        MediaSource::Base64(_) | MediaSource::FileId(_) => None,
    };
    JsonText::of(known.map_or(fallback, |(_, media_type)| media_type))
}

/// What is written of an image or a document.
struct Media<'a> {
    source: &'a MediaSource,
    media_type: Option<&'a JsonText>,
    /// What it likely is, if nobody said.
    likely: JsonText,
    name: Option<&'a JsonText>,
}

impl Media<'_> {
    fn write(
        &self,
        extra: &RawMembers,
        signature: Option<&JsonText>,
        style: &PartStyle<'_>,
        out: &mut JsonWriter,
        losses: &mut FieldLosses,
    ) -> bool {
        let (holder, place) = match self.source {
            MediaSource::Base64(data) => ("inlineData", data),
            MediaSource::FileId(_) if !style.own => {
                losses.lose_extra(style.within, b"file_id");
                return false;
            }
            MediaSource::Store(uri) if !style.own && !uri.text().starts_with("gs://") => {
                losses.lose_extra(style.within, b"uri");
                return false;
            }
            MediaSource::Url(uri) | MediaSource::Store(uri) | MediaSource::FileId(uri) => ("fileData", uri),
        };
        let is_data = holder == "inlineData";
        // Vertex AI demands one of files as well.
        let jpeg = JsonText::of("image/jpeg");
        let media_type = match self.media_type {
            // A name that others take, and Google does not.
            Some(name) if !style.own && name.is("image/jpg") => Some(&jpeg),
            None if !style.own => Some(&self.likely),
            said => said,
        };
        out.open().name(holder).open();
        out.text_member("mimeType", media_type).text_member(if is_data { "data" } else { "fileUri" }, Some(place));
        out.text_member("displayName", self.name);
        style.write_left(extra, holder, out);
        out.close();
        style.write_beside(extra, &[holder], out, losses);
        sign(signature, out);
        out.close();
        true
    }
}

/// Whether a value of a tool's result is one of these.
pub(super) fn is_media(block: &ContentBlock) -> bool {
    matches!(
        block,
        ContentBlock::Image(_) | ContentBlock::Audio(_) | ContentBlock::Video(_) | ContentBlock::Document(_)
    )
}

/// Writes one of these as a part; false if it is none or cannot be one.
pub(super) fn write_any(
    block: &ContentBlock,
    signature: Option<&JsonText>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) -> bool {
    match block {
        ContentBlock::Image(block) => write(block, "image/jpeg", signature, style, out, losses),
        ContentBlock::Audio(block) => write(block, "audio/wav", signature, style, out, losses),
        ContentBlock::Video(block) => write(block, "video/mp4", signature, style, out, losses),
        ContentBlock::Document(block) => write_document(block, signature, style, out, losses),
        _ => false,
    }
}

/// A value as it stood, where nothing is known of it.
pub(super) fn write_raw(raw: &RawJson, out: &mut JsonWriter) {
    out.raw(raw);
}
