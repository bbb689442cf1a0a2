//! Events of a stream, written.

use weir_usage::Usage;

use crate::canon::{ChatStop, CitationNote, JsonText, JsonWriter, NewEvent, RawJson, RawMembers};
use crate::converse::answer::stop;
use crate::converse::blocks::citations;
use crate::converse::blocks::thoughts::SignatureSlot;
use crate::converse::usage;

/// Bytes of an event beside what it says.
const AROUND: usize = 80;

/// The message begins.
pub(crate) fn message_start() -> NewEvent {
    event("messageStart", |out| {
        out.name("role").string("assistant");
    })
}

/// A call begins.
pub(crate) fn tool_start(index: u64, id: &JsonText, name: &JsonText) -> NewEvent {
    event("contentBlockStart", |out| {
        out.name("contentBlockIndex").number(index).name("start").open().name("toolUse").open();
        out.name("toolUseId").text(id).name("name").text(name).close().close();
    })
}

/// A block that was read of this wire, up to its end: the start says what it is, and what it says follows.
pub(crate) fn whole(index: u64, block: &RawJson) -> Vec<NewEvent> {
    let members = block.members();
    let Some((name, value)) = members.iter().next() else { return Vec::new() };
    let kind = String::from_utf8_lossy(name);
    let says = match &*kind {
        "toolUse" => "input",
        "toolResult" => "content",
        _ => "source",
    };
    let mut inner = value.members();
    let said = inner.take(says);
    let mut events = vec![event("contentBlockStart", |out| {
        out.name("contentBlockIndex").number(index).name("start").open().name(&kind).open();
        out.members(&inner).close().close();
    })];
    if let Some(said) = said {
        events.push(delta(index, said.bytes().len(), |out| {
            out.open().name(&kind);
            match says {
                "input" => out.open().name(says).text(&said.to_text()).close(),
                "content" => out.raw(&said),
                _ => out.open().name(says).raw(&said).close(),
            };
            out.close();
        }));
    }
    events
}

/// A block grows by text.
pub(crate) fn text(index: u64, text: &JsonText) -> NewEvent {
    delta(index, text.token().len(), |out| {
        out.open().name("text").text(text).close();
    })
}

/// A thought grows.
pub(crate) fn thought(index: u64, text: &JsonText) -> NewEvent {
    delta(index, text.token().len(), |out| {
        out.open().name("reasoningContent").open().name("text").text(text).close().close();
    })
}

/// A thought gets its signature.
pub(crate) fn signature(index: u64, slot: &SignatureSlot) -> NewEvent {
    let (name, value) = match slot {
        SignatureSlot::Signature(value) => ("signature", value),
        SignatureSlot::Redacted(value) => ("redactedContent", value),
    };
    delta(index, value.token().len(), |out| {
        out.open().name("reasoningContent").open().name(name).text(value).close().close();
    })
}

/// The arguments of a call grow.
pub(crate) fn input(index: u64, text: &JsonText) -> NewEvent {
    delta(index, text.token().len(), |out| {
        out.open().name("toolUse").open().name("input").text(text).close().close();
    })
}

/// What the text before rests on.
pub(crate) fn citation(index: u64, note: &CitationNote) -> NewEvent {
    delta(index, note.raw.bytes().len(), |out| {
        citations::write_note(out.open().name("citation"), note);
        out.close();
    })
}

/// A block is complete.
pub(crate) fn block_stop(index: u64) -> NewEvent {
    event("contentBlockStop", |out| {
        out.name("contentBlockIndex").number(index);
    })
}

/// The message is complete.
pub(crate) fn message_stop(stop: &ChatStop) -> NewEvent {
    event("messageStop", |out| {
        out.name("stopReason").string(stop::word(stop));
        if let Some(sequence) = &stop.sequence {
            out.name("additionalModelResponseFields").open().name("stop_sequence").text(sequence).close();
        }
    })
}

/// What was used. Client libraries demand `metrics`; how long it took nobody but Bedrock says.
pub(crate) fn metadata(used: &Usage, beside: &RawMembers) -> NewEvent {
    event("metadata", |out| {
        usage::write(out.name("usage"), used, &RawMembers::default());
        out.name("metrics").open().name("latencyMs").number(0).close().members(beside);
    })
}

fn delta(index: u64, length: usize, write: impl FnOnce(&mut JsonWriter)) -> NewEvent {
    let mut out = JsonWriter::with_capacity(AROUND + length);
    out.open().name("contentBlockIndex").number(index).name("delta");
    write(&mut out);
    out.close();
    NewEvent { name: Some("contentBlockDelta"), data: out.finish() }
}

fn event(name: &'static str, write: impl FnOnce(&mut JsonWriter)) -> NewEvent {
    let mut out = JsonWriter::with_capacity(AROUND);
    out.open();
    write(&mut out);
    out.close();
    NewEvent { name: Some(name), data: out.finish() }
}
