//! What a text rests on.
//!
//! Sources: Gemini API reference, `CitationMetadata.citationSources`; Vertex AI calls the same `citations`, and has titles.

use weir_http::json::JsonKind;

use crate::canon::{CitationKind, CitationNote, JsonWriter, RawJson};
use crate::gemini::proto;
use crate::wire::WireFormat;

/// The notes of a `citationMetadata`. Their places count bytes of the answer's text: `place` makes characters of them, where it
/// can.
pub(in crate::gemini) fn read(metadata: &RawJson, place: impl Fn(u64) -> Option<u64>) -> Vec<CitationNote> {
    let members = proto::members(metadata);
    let list = members.get("citationSources").or_else(|| members.get("citations"));
    let notes = list.filter(|raw| raw.kind() == JsonKind::Array).map(RawJson::elements).unwrap_or_default();
    notes.iter().map(|raw| note(raw, &place)).collect()
}

/// The characters of a text before so many bytes.
pub(in crate::gemini) fn characters(text: &str, bytes: u64) -> Option<u64> {
    let at = usize::try_from(bytes).ok()?;
    u64::try_from(text.get(..at.min(text.len()))?.chars().count()).ok()
}

/// The bytes of a text before so many characters.
pub(in crate::gemini) fn bytes(text: &str, characters: u64) -> Option<u64> {
    let at = usize::try_from(characters).ok()?;
    u64::try_from(text.char_indices().nth(at).map_or(text.len(), |(bytes, _)| bytes)).ok()
}

fn note(raw: &RawJson, place: &impl Fn(u64) -> Option<u64>) -> CitationNote {
    let mut members = proto::members(raw);
    let end = members.take_unsigned("endIndex");
    CitationNote {
        kind: CitationKind::Url,
        title: members.take_text("title"),
        url: members.take_text("uri"),
        quote: None,
        // What is not written is 0.
        start: members.take_unsigned("startIndex").or_else(|| end.map(|_| 0)).and_then(place),
        end: end.and_then(place),
        wire: WireFormat::GenerateContent,
        raw: raw.clone(),
    }
}

/// Writes a note as a `citationSources` has it, its places turned into bytes by `place`; false if it names no address.
pub(in crate::gemini) fn write(note: &CitationNote, place: impl Fn(u64) -> Option<u64>, out: &mut JsonWriter) -> bool {
    if note.wire == WireFormat::GenerateContent {
        out.raw(&note.raw);
        return true;
    }
    let Some(url) = &note.url else { return false };
    out.open()
        .number_member("startIndex", note.start.and_then(&place))
        .number_member("endIndex", note.end.and_then(&place))
        .text_member("uri", Some(url))
        .close();
    true
}
