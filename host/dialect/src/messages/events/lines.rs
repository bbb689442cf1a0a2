//! Events of this wire, written one by one.

use crate::canon::{JsonText, JsonWriter, NewEvent, RawJson};

/// Bytes of an event beside its text.
const AROUND: usize = 96;

/// Ends an event.
pub(super) fn event(name: &'static str, data: JsonWriter) -> NewEvent {
    NewEvent { name: Some(name), data: data.finish() }
}

/// A block begins so.
pub(super) fn block_start(index: u32, block: &RawJson) -> NewEvent {
    let mut out = JsonWriter::with_capacity(block.bytes().len() + AROUND);
    out.open().name("type").string("content_block_start").name("index").number(index.into());
    out.name("content_block").raw(block).close();
    event("content_block_start", out)
}

/// A block grows by a text.
pub(super) fn block_delta(index: u32, kind: &str, member: &str, text: &JsonText) -> NewEvent {
    let mut out = delta(index, text.token().len());
    out.name("type").string(kind).name(member).text(text).close().close();
    event("content_block_delta", out)
}

/// A text grows by a citation.
pub(super) fn citation_delta(index: u32, citation: &RawJson) -> NewEvent {
    let mut out = delta(index, citation.bytes().len());
    out.name("type").string("citations_delta").name("citation").raw(citation).close().close();
    event("content_block_delta", out)
}

fn delta(index: u32, bytes: usize) -> JsonWriter {
    let mut out = JsonWriter::with_capacity(bytes + AROUND);
    out.open().name("type").string("content_block_delta").name("index").number(index.into()).name("delta").open();
    out
}

/// A block is complete.
pub(super) fn block_stop(index: u32) -> NewEvent {
    let mut out = JsonWriter::with_capacity(AROUND);
    out.open().name("type").string("content_block_stop").name("index").number(index.into()).close();
    event("content_block_stop", out)
}

/// An event that says nothing but what it is.
pub(super) fn bare(name: &'static str) -> NewEvent {
    let mut out = JsonWriter::with_capacity(AROUND);
    out.open().name("type").string(name).close();
    event(name, out)
}
