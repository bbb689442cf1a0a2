//! Documents. Bedrock demands a name for each that no other has, of few characters (`DocumentBlock` in the API reference).

use std::collections::HashSet;

use super::formats::{self, DOCUMENTS};
use super::media::{of_name, take_source, write_source};
use crate::canon::{
    DocumentBlock, DocumentSource, FieldLosses, JsonText, JsonWriter, MediaSource, RawJson, RawMembers,
};
use crate::converse::rest::{BESIDE, left, rest, within, write_but};

/// The most characters of a name.
const NAME_LENGTH: usize = 200;

/// What is lost if one cannot be written.
const LOSS: &str = "messages.content.document";

/// The names that a request has given to its documents.
#[derive(Debug, Default)]
pub(crate) struct DocumentNames(HashSet<String>);

impl DocumentNames {
    /// A name of letters, digits, single blanks, hyphens, parentheses and brackets that was not given before.
    fn give(&mut self, wish: Option<&JsonText>) -> String {
        let wish = wish.map(JsonText::text).unwrap_or_default();
        let stem = wish.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(&*wish, |(stem, _)| stem);
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-()[]".contains(c) { c } else { ' ' };
        let spaced: String = stem.chars().map(plain).collect();
        let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
        let base: String = words.join(" ").chars().take(NAME_LENGTH - 10).collect();
        let base = if base.trim().is_empty() { "document".to_owned() } else { base.trim().to_owned() };
        let mut name = base.clone();
        let mut number = 1u32;
        while self.0.contains(&name) {
            number += 1;
            name = format!("{base} ({number})");
        }
        self.0.insert(name.clone());
        name
    }
}

/// Reads what stands in the block's `document`; none where the source is no known one.
pub(crate) fn read(mut inner: RawMembers) -> Option<DocumentBlock> {
    let here = within(&mut inner, "source", |source| match source.take_text("text") {
        Some(text) => Some(DocumentSource::Text(text)),
        None => source.take("content").map(DocumentSource::Blocks),
    });
    let source = here.flatten().or_else(|| take_source(&mut inner).map(DocumentSource::Media))?;
    Some(DocumentBlock {
        source,
        media_type: formats::take(&mut inner, DOCUMENTS),
        name: inner.take_text("name"),
        context: inner.take_text("context"),
        cited: within(&mut inner, "citations", |citations| citations.take_bool("enabled")).flatten(),
        cache: None,
        extra: inner,
    })
}

/// Writes a document of this wire as it was.
pub(crate) fn write_own(out: &mut JsonWriter, block: &DocumentBlock) {
    out.open().name("document").open();
    if let Some(format) = block.media_type.as_ref().and_then(|kind| formats::word(kind, DOCUMENTS)) {
        out.name("format").string(format);
    }
    out.text_member("name", block.name.as_ref());
    match &block.source {
        DocumentSource::Media(source) => write_source(out, source, &block.extra, true),
        DocumentSource::Text(text) => {
            out.name("source").open().name("text").text(text).members(&rest(&block.extra, "source")).close();
        }
        DocumentSource::Blocks(raw) => {
            out.name("source").open().name("content").raw(raw).members(&rest(&block.extra, "source")).close();
        }
    }
    out.text_member("context", block.context.as_ref());
    let citations = left(&block.extra, "citations");
    if block.cited.is_some() || citations.is_some() {
        out.name("citations")
            .open()
            .bool_member("enabled", block.cited)
            .members(&citations.unwrap_or_default())
            .close();
    }
    write_but(out, &block.extra, &["source", "citations", BESIDE]);
    out.close().members(&rest(&block.extra, BESIDE)).close();
}

/// A document of another wire, ready to be written; none if it cannot be, which is noted.
pub(crate) fn fitted(
    block: &DocumentBlock,
    names: &mut DocumentNames,
    losses: &mut FieldLosses,
) -> Option<(DocumentBlock, &'static str)> {
    let said = block.media_type.as_ref().and_then(|kind| formats::word(kind, DOCUMENTS));
    let named = || block.name.as_ref().and_then(|name| of_name(name, DOCUMENTS));
    let (source, format) = match &block.source {
        DocumentSource::Media(MediaSource::Base64(_)) => (Some(block.source.clone()), said.or_else(named)),
        DocumentSource::Media(MediaSource::Store(uri)) if uri.text().starts_with("s3://") => {
            (Some(block.source.clone()), said.or_else(|| of_name(uri, DOCUMENTS)).or_else(named))
        }
        DocumentSource::Media(_) => (None, None),
        DocumentSource::Text(_) => (Some(block.source.clone()), said.or_else(named).or(Some("txt"))),
        DocumentSource::Blocks(raw) => (texts_of(raw).map(DocumentSource::Blocks), said.or(Some("txt"))),
    };
    let (Some(source), Some(format)) = (source, format) else {
        losses.lose(LOSS);
        return None;
    };
    let name = Some(JsonText::of(&names.give(block.name.as_ref())));
    let context = block.context.clone();
    let cited = block.cited.filter(|cited| *cited);
    losses.lose_extras(LOSS, &block.extra);
    let extra = RawMembers::default();
    Some((DocumentBlock { source, media_type: None, name, context, cited, cache: None, extra }, format))
}

/// Writes a document that was fitted.
pub(crate) fn write_fitted(out: &mut JsonWriter, block: &DocumentBlock, format: &str) {
    out.open().name("document").open().name("format").string(format).text_member("name", block.name.as_ref());
    match &block.source {
        DocumentSource::Media(source) => write_source(out, source, &block.extra, false),
        DocumentSource::Text(text) => {
            out.name("source").open().name("text").text(text).close();
        }
        DocumentSource::Blocks(raw) => {
            out.name("source").open().name("content").raw(raw).close();
        }
    }
    out.text_member("context", block.context.as_ref());
    if block.cited == Some(true) {
        out.name("citations").open().name("enabled").boolean(true).close();
    }
    out.close().close();
}

/// Another wire's blocks of a document, if all of them are texts: `[{"text":…}]`.
fn texts_of(raw: &RawJson) -> Option<RawJson> {
    let mut texts = Vec::new();
    if let Some(text) = raw.text() {
        texts.push(text);
    }
    for element in raw.elements() {
        texts.push(element.members().take_text("text")?);
    }
    let mut out = JsonWriter::default();
    out.open_array();
    for text in &texts {
        out.open().name("text").text(text).close();
    }
    out.close_array();
    (!texts.is_empty()).then(|| out.finish_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_documents_are_of_few_characters_and_each_given_once() {
        let mut names = DocumentNames::default();
        let mut give = |wish: &str| names.give(Some(&JsonText::of(wish)));
        assert_eq!(give("Rapport_n° 3 (final).v2.pdf"), "Rapport n 3 (final) v2");
        assert_eq!(give("a.pdf"), "a");
        assert_eq!(give("a.txt"), "a (2)");
        assert_eq!(give("a (2)"), "a (2) (2)");
        assert_eq!(give("文書.pdf"), "document");
        assert_eq!(names.give(None), "document (2)");
        assert!(names.give(Some(&JsonText::of(&"x".repeat(999)))).len() <= NAME_LENGTH);
    }
}
