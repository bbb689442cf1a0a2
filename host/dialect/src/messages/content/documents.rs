//! Documents of other wires, as this one takes them: PDF, and text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::canon::{DocumentBlock, DocumentSource, FieldLosses, JsonText, MediaSource, RawJson};

const PDF: &str = "application/pdf";

/// A document of another wire with a source of this one's; none is named a loss. What is no PDF and is text becomes text.
pub(super) fn foreign_document(document: &DocumentBlock, losses: &mut FieldLosses) -> Option<DocumentBlock> {
    let with = |source, kind: Option<&str>| {
        Some(DocumentBlock { source, media_type: kind.map(JsonText::of), ..document.clone() })
    };
    let found = match &document.source {
        DocumentSource::Text(text) => with(DocumentSource::Text(text.clone()), Some("text/plain")),
        DocumentSource::Blocks(blocks) => {
            text_of_blocks(blocks).and_then(|text| with(DocumentSource::Text(text), Some("text/plain")))
        }
        DocumentSource::Media(MediaSource::Url(url)) if is_pdf_or_unsaid(document) => {
            with(DocumentSource::Media(MediaSource::Url(url.clone())), None)
        }
        DocumentSource::Media(MediaSource::Base64(data)) => match kind_of(document, data) {
            DocumentKind::Pdf => with(document.source.clone(), Some(PDF)),
            DocumentKind::Text => {
                text_of_base64(data).and_then(|text| with(DocumentSource::Text(text), Some("text/plain")))
            }
            DocumentKind::Other => None,
        },
        DocumentSource::Media(MediaSource::Url(_) | MediaSource::FileId(_) | MediaSource::Store(_)) => None,
    };
    if found.is_none() {
        losses.lose(match &document.source {
            DocumentSource::Media(MediaSource::FileId(_)) => "messages.content.document.file_id",
            DocumentSource::Media(MediaSource::Url(_) | MediaSource::Store(_)) => "messages.content.document.url",
            DocumentSource::Media(MediaSource::Base64(_)) => "messages.content.document.media_type",
            DocumentSource::Text(_) | DocumentSource::Blocks(_) => "messages.content.document.content",
        });
    }
    found
}

/// What a document in base64 is to this wire.
enum DocumentKind {
    Pdf,
    Text,
    Other,
}

fn kind_of(document: &DocumentBlock, data: &JsonText) -> DocumentKind {
    match document.media_type.as_ref().map(JsonText::text).as_deref() {
        Some(PDF) => DocumentKind::Pdf,
        // `%PDF-`
        None if data.text().starts_with("JVBERi0") => DocumentKind::Pdf,
        Some(kind) if kind.starts_with("text/") || kind == "application/json" => DocumentKind::Text,
        _ => DocumentKind::Other,
    }
}

fn is_pdf_or_unsaid(document: &DocumentBlock) -> bool {
    document.media_type.as_ref().is_none_or(|kind| kind.is(PDF))
}

fn text_of_base64(data: &JsonText) -> Option<JsonText> {
    let bytes = BASE64_STANDARD.decode(data.text().as_bytes()).ok()?;
    Some(JsonText::of(std::str::from_utf8(&bytes).ok()?))
}

/// The texts of another wire's blocks, a line each; none if there is anything else among them.
fn text_of_blocks(blocks: &RawJson) -> Option<JsonText> {
    let text = |block: &RawJson| block.members().get("text").and_then(RawJson::text);
    let texts: Option<Vec<JsonText>> = blocks.elements().iter().map(text).collect();
    let texts = texts.filter(|texts| !texts.is_empty())?;
    let lines: Vec<_> = texts.iter().map(JsonText::text).collect();
    Some(JsonText::of(&lines.join("\n")))
}
