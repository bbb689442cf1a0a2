//! What a text rests on (`citations`): a span of the text, and the documents and answers of tools that it comes from.

use crate::canon::{CitationKind, CitationNote, JsonText, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Reads one; none of what is no object.
pub(super) fn read(raw: &RawJson) -> Option<CitationNote> {
    let mut members = raw.members();
    if members.is_empty() {
        return None;
    }
    let source = members.get("sources").map(RawJson::elements).unwrap_or_default().into_iter().next();
    let mut source = source.map(|source| source.members()).unwrap_or_default();
    let is_tool = source.get("type").and_then(RawJson::text).is_some_and(|kind| kind.is("tool"));
    let mut said = source.take_members(if is_tool { "tool_output" } else { "document" }).unwrap_or_default();
    let url = said_url(&mut said);
    let kind = match (&url, is_tool) {
        (Some(_), _) => CitationKind::Url,
        (None, true) => CitationKind::Search,
        (None, false) => CitationKind::File,
    };
    Some(CitationNote {
        kind,
        title: said.take_text("title"),
        url,
        quote: members.take_text("text"),
        start: members.take_unsigned("start"),
        end: members.take_unsigned("end"),
        wire: WireFormat::CohereChat,
        raw: raw.clone(),
    })
}

fn said_url(said: &mut RawMembers) -> Option<JsonText> {
    said.take_as("url", |raw| {
        raw.text().filter(|url| url.text().starts_with("http://") || url.text().starts_with("https://"))
    })
}

/// The number of the part of the content that it is of; none where it is of what the model thought or planned.
pub(super) fn content_index(raw: &RawJson) -> Option<usize> {
    let members = raw.members();
    let kind = members.get("type").and_then(RawJson::text);
    if kind.is_some_and(|kind| kind.is("THINKING_CONTENT") || kind.is("PLAN")) {
        return None;
    }
    Some(members.get("content_index").and_then(RawJson::unsigned).map_or(usize::MAX, |index| index as usize))
}
