//! What a text rests on: `citationsContent` with the text that is cited for, and `citation` deltas of streams.

use crate::canon::{CitationKind, CitationNote, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, TextBlock};
use crate::converse::rest::{object, rest, take_filled};
use crate::wire::WireFormat;

/// A place that is cited: the canonical kind, the member of `location`, and of places in documents the members of Anthropic's
/// own wire that say the same.
struct Place {
    kind: CitationKind,
    name: &'static str,
    bounds: Option<[&'static str; 2]>,
}

const PLACES: [Place; 5] = [
    Place { kind: CitationKind::Url, name: "web", bounds: None },
    Place { kind: CitationKind::Char, name: "documentChar", bounds: Some(["start_char_index", "end_char_index"]) },
    Place { kind: CitationKind::Page, name: "documentPage", bounds: Some(["start_page_number", "end_page_number"]) },
    Place { kind: CitationKind::Block, name: "documentChunk", bounds: Some(["start_block_index", "end_block_index"]) },
    Place { kind: CitationKind::Search, name: "searchResultLocation", bounds: None },
];

/// The member of a text's extras that says that it was written as `citationsContent`.
pub(crate) const CITED: &str = "citationsContent";

/// Reads what stands in `citationsContent`: a text with what it rests on.
pub(crate) fn read(mut inner: RawMembers) -> TextBlock {
    let mut block = TextBlock::default();
    let texts: Option<Vec<JsonText>> = inner
        .get("content")
        .map(|content| content.elements().iter().filter_map(|element| element.members().take_text("text")).collect());
    if let Some(texts) = texts {
        block.text = JsonText::concat(&texts);
        let alone = texts.len() == 1 && inner.get("content").is_some_and(is_one_text);
        if alone {
            inner.take("content");
        }
    }
    let elements = take_filled(&mut inner, "citations").unwrap_or_default();
    block.citations = elements.into_iter().map(note).collect();
    // Even if nothing is left: it says how the text was written.
    block.extra.push(CITED, object(&inner));
    block
}

fn is_one_text(content: &RawJson) -> bool {
    let elements = content.elements();
    matches!(elements.as_slice(), [one] if one.members().len() == 1)
}

/// Reads one citation.
pub(crate) fn note(raw: RawJson) -> CitationNote {
    let mut members = raw.members();
    let quotes: Vec<JsonText> = members
        .take_elements("sourceContent")
        .unwrap_or_default()
        .iter()
        .filter_map(|quote| quote.members().take_text("text"))
        .collect();
    let mut location = members.take_members("location").unwrap_or_default();
    let place = PLACES.iter().find(|place| location.get(place.name).is_some());
    let url = location.take_members("web").and_then(|mut web| web.take_text("url"));
    CitationNote {
        kind: place.map_or(CitationKind::File, |place| place.kind),
        title: members.take_text("title"),
        url: url.or_else(|| members.take_text("source")),
        quote: (!quotes.is_empty()).then(|| JsonText::concat(&quotes)),
        start: None,
        end: None,
        wire: WireFormat::Converse,
        raw,
    }
}

/// Writes one citation.
pub(crate) fn write_note(out: &mut JsonWriter, note: &CitationNote) {
    if note.wire == WireFormat::Converse {
        out.raw(&note.raw);
        return;
    }
    out.open().text_member("title", note.title.as_ref());
    if let Some(quote) = &note.quote {
        out.name("sourceContent").open_array().open().name("text").text(quote).close().close_array();
    }
    let place = PLACES.iter().find(|place| place.kind == note.kind);
    if let Some((place, [from, to])) = place.and_then(|place| Some((place, place.bounds?))) {
        let mut raw = note.raw.members();
        out.name("location").open().name(place.name).open();
        out.number_member("documentIndex", raw.take_unsigned("document_index"));
        out.number_member("start", raw.take_unsigned(from)).number_member("end", raw.take_unsigned(to));
        out.close().close();
    } else if let Some(url) = &note.url {
        out.name("location").open().name("web").open().name("url").text(url).close().close();
    }
    out.close();
}

/// Writes a text with what it rests on. `own` says that its extras are this wire's.
pub(crate) fn write(out: &mut JsonWriter, block: &TextBlock, own: bool, losses: &mut FieldLosses) {
    let left = if own { rest(&block.extra, CITED) } else { RawMembers::default() };
    out.open().name(CITED).open();
    if left.get("content").is_none() && (!own || !block.text.is_empty()) {
        out.name("content").open_array().open().name("text").text(&block.text).close().close_array();
    }
    if !block.citations.is_empty() {
        out.name("citations").open_array();
        for note in &block.citations {
            write_note(out, note);
        }
        out.close_array();
    }
    out.members(&left).close();
    if own {
        crate::converse::rest::write_but(out, &block.extra, &[CITED]);
    } else {
        losses.lose_extras("content", &block.extra);
    }
    out.close();
}
