//! What a text rests on: `annotations`.

use crate::canon::{CitationKind, CitationNote, JsonText, JsonWriter, RawJson};
use crate::wire::WireFormat;

/// Reads an element of `annotations`; none if it is not a citation of the web.
pub(super) fn read(raw: &RawJson) -> Option<CitationNote> {
    let mut cited = raw.members().take_members("url_citation")?;
    Some(CitationNote {
        kind: CitationKind::Url,
        title: cited.take_text("title"),
        url: Some(cited.take_text("url")?),
        quote: None,
        start: cited.take_unsigned("start_index"),
        end: cited.take_unsigned("end_index"),
        wire: WireFormat::Chat,
        raw: raw.clone(),
    })
}

/// Writes an element of `annotations`. The text that it belongs to stands from `from` to `to` of the message's text, in
/// characters. False for a citation of something that has no address.
pub(super) fn write(out: &mut JsonWriter, note: &CitationNote, from: u64, to: u64) -> bool {
    if note.wire == WireFormat::Chat {
        out.raw(&note.raw);
        return true;
    }
    let Some(url) = &note.url else { return false };
    let place = |at: Option<u64>, due: u64| at.map_or(due, |at| from.saturating_add(at));
    out.open().name("type").string("url_citation").name("url_citation").open();
    out.name("url").text(url).name("title").text(note.title.as_ref().unwrap_or(&JsonText::EMPTY));
    out.name("start_index").number(place(note.start, from)).name("end_index").number(place(note.end, to));
    out.close().close();
    true
}
