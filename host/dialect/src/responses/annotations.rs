//! What a text rests on: annotations.

use crate::canon::{CitationKind, CitationNote, JsonText, JsonWriter, RawJson};
use crate::wire::WireFormat;

/// An annotation (OpenAI's API reference: `url_citation`, `file_citation`, `container_file_citation`, `file_path`).
pub(crate) fn read(annotation: &RawJson) -> CitationNote {
    let mut members = annotation.members();
    let kind = match members.take_text("type").as_ref().map(JsonText::text).as_deref() {
        Some("url_citation") => CitationKind::Url,
        _ => CitationKind::File,
    };
    CitationNote {
        kind,
        title: members.take_text("title").or_else(|| members.take_text("filename")),
        url: members.take_text("url"),
        quote: None,
        start: members.take_unsigned("start_index"),
        end: members.take_unsigned("end_index"),
        wire: WireFormat::Responses,
        raw: annotation.clone(),
    }
}

/// The same as this wire has it, where a text of so many characters ends with it; none where it is no page of the web, which is
/// all that can be cited without a file of OpenAI's.
pub(crate) fn written(note: &CitationNote, characters: u64) -> Option<RawJson> {
    if note.wire == WireFormat::Responses {
        return Some(note.raw.clone());
    }
    let url = note.url.as_ref()?;
    let mut out = JsonWriter::with_capacity(url.token().len() + 128);
    out.open().name("type").string("url_citation");
    out.name("start_index").number(note.start.unwrap_or(0)).name("end_index").number(note.end.unwrap_or(characters));
    out.name("url").text(url).name("title").text(note.title.as_ref().unwrap_or(url)).close();
    Some(out.finish_raw())
}
