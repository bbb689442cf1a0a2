//! What stands beside blocks: marks for the cache, and what texts rest on.

use crate::canon::{CacheMark, CitationKind, CitationNote, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Takes out `cache_control`. One that is not `ephemeral` stays.
pub(in crate::messages) fn cache(members: &mut RawMembers) -> Option<CacheMark> {
    members.take_as("cache_control", |raw| {
        let mut mark = raw.members();
        let kind = mark.take_text("type")?;
        kind.is("ephemeral").then(|| CacheMark { ttl: mark.take_text("ttl"), extra: mark })
    })
}

/// Writes `cache_control`, if there is a mark. Of another wire's times those are kept that this one has.
pub(in crate::messages) fn write_cache(
    out: &mut JsonWriter,
    mark: Option<&CacheMark>,
    same: bool,
    losses: &mut FieldLosses,
) {
    let Some(mark) = mark else { return };
    out.name("cache_control").open().name("type").string("ephemeral");
    if same {
        out.text_member("ttl", mark.ttl.as_ref()).members(&mark.extra);
    } else {
        let known = mark.ttl.as_ref().filter(|ttl| ttl.is("5m") || ttl.is("1h"));
        if known.is_none() && mark.ttl.is_some() {
            losses.lose("cache_control.ttl");
        }
        out.text_member("ttl", known);
        losses.lose_extras("cache_control", &mark.extra);
    }
    out.close();
}

/// Takes out `citations`, if there are any.
pub(in crate::messages) fn citations(members: &mut RawMembers) -> Vec<CitationNote> {
    let some = |raw: &RawJson| Some(raw.elements()).filter(|elements| !elements.is_empty());
    members.take_as("citations", some).unwrap_or_default().into_iter().map(citation).collect()
}

/// Reads one citation (`TextCitation` in Anthropic's specification).
pub(in crate::messages) fn citation(raw: RawJson) -> CitationNote {
    let members = raw.members();
    let text = |name| members.get(name).and_then(RawJson::text);
    let kind = text("type");
    let kind = match kind.as_ref().map(JsonText::text).as_deref() {
        Some("web_search_result_location") => CitationKind::Url,
        Some("page_location") => CitationKind::Page,
        Some("content_block_location") => CitationKind::Block,
        Some("search_result_location") => CitationKind::Search,
        _ => CitationKind::Char,
    };
    CitationNote {
        kind,
        title: text("title").or_else(|| text("document_title")),
        url: text("url").or_else(|| text("source")),
        quote: text("cited_text"),
        start: None,
        end: None,
        wire: WireFormat::Messages,
        raw,
    }
}

/// Writes `citations`, as far as this wire can say them.
pub(in crate::messages) fn write_citations(out: &mut JsonWriter, notes: &[CitationNote], losses: &mut FieldLosses) {
    let known: Vec<RawJson> = notes.iter().filter_map(|note| written_citation(note, losses)).collect();
    if known.is_empty() {
        return;
    }
    out.name("citations").open_array();
    for citation in &known {
        out.raw(citation);
    }
    out.close_array();
}

/// Whether this wire can say a citation.
pub(in crate::messages) fn can_be_written(note: &CitationNote) -> bool {
    note.wire == WireFormat::Messages || (note.kind == CitationKind::Url && note.url.is_some())
}

/// A citation as this wire writes it: its own as it stood, and of other wires those of pages of the web.
pub(in crate::messages) fn written_citation(note: &CitationNote, losses: &mut FieldLosses) -> Option<RawJson> {
    if note.wire == WireFormat::Messages {
        return Some(note.raw.clone());
    }
    let Some(url) = note.url.as_ref().filter(|_| note.kind == CitationKind::Url) else {
        losses.lose("citations");
        return None;
    };
    let mut out = JsonWriter::default();
    out.open().name("type").string("web_search_result_location").name("url").text(url);
    match &note.title {
        Some(title) => out.name("title").text(title),
        None => out.name("title").null(),
    };
    // Both are demanded; nobody but Anthropic has an index.
    out.name("cited_text").text(note.quote.as_ref().unwrap_or(&JsonText::EMPTY));
    out.name("encrypted_index").string("").close();
    Some(out.finish_raw())
}
