//! An event as it stands on the wire.

use std::sync::Arc;

use weir_usage::Usage;

use crate::canon::{CitationNote, JsonText, JsonWriter, NewEvent, RawJson};
use crate::chat::{citations, tokens, usage};

/// What every event of a stream has, and how it is written.
#[derive(Debug)]
pub(super) struct ChunkFrame {
    pub(super) id: JsonText,
    pub(super) created: u64,
    pub(super) model: Arc<str>,
    /// The client has asked for what was used.
    pub(super) shows_usage: bool,
}

impl ChunkFrame {
    /// Writes an event of which a choice's delta is all.
    pub(super) fn delta(&self, index: u32, out: &mut Vec<NewEvent>, write: impl FnOnce(&mut JsonWriter)) {
        self.chunk(index, out, |out| {
            out.name("delta").open();
            write(out);
            out.close().name("logprobs").null().name("finish_reason").null();
        });
    }

    /// Writes an event of one choice.
    pub(super) fn chunk(&self, index: u32, out: &mut Vec<NewEvent>, write: impl FnOnce(&mut JsonWriter)) {
        let mut writer = self.head();
        writer.open().name("index").number(index.into());
        write(&mut writer);
        writer.close().close_array();
        if self.shows_usage {
            writer.name("usage").null();
        }
        writer.close();
        out.push(NewEvent { name: None, data: writer.finish() });
    }

    /// Writes a piece of a text.
    pub(super) fn text(&self, index: u32, name: &str, text: &JsonText, out: &mut Vec<NewEvent>) {
        self.delta(index, out, |out| {
            out.name(name).text(text);
        });
    }

    /// Writes a piece of the arguments of the call of this number.
    pub(super) fn input(&self, index: u32, number: u64, custom: bool, text: &JsonText, out: &mut Vec<NewEvent>) {
        let (member, input) = if custom { ("custom", "input") } else { ("function", "arguments") };
        self.delta(index, out, |out| {
            out.name("tool_calls").open_array().open().name("index").number(number).name(member).open();
            out.name(input).text(text).close().close().close_array();
        });
    }

    /// Writes what a text rests on, which stands from where to where.
    pub(super) fn cite(&self, index: u32, note: &CitationNote, place: (u64, u64), out: &mut Vec<NewEvent>) {
        self.delta(index, out, |out| {
            out.name("annotations").open_array();
            citations::write(out, note, place.0, place.1);
            out.close_array();
        });
    }

    /// Writes the probability of tokens. False for words that have none here.
    pub(super) fn tokens(&self, index: u32, raw: &RawJson, out: &mut Vec<NewEvent>) -> bool {
        let Some(raw) = tokens::written(raw) else { return false };
        self.chunk(index, out, |out| {
            out.name("delta").open().close().name("logprobs").raw(&raw).name("finish_reason").null();
        });
        true
    }

    /// Writes the event that tells what was used, if the client has asked for it.
    pub(super) fn used(&self, used: &Usage, out: &mut Vec<NewEvent>) {
        if self.shows_usage {
            let mut writer = self.head();
            writer.close_array().name("usage");
            usage::write(&mut writer, used);
            writer.close();
            out.push(NewEvent { name: None, data: writer.finish() });
        }
    }

    /// What every event begins with, up to its choices.
    fn head(&self) -> JsonWriter {
        let mut out = JsonWriter::with_capacity(320);
        out.open().name("id").text(&self.id).name("object").string("chat.completion.chunk");
        out.name("created").number(self.created).name("model").string(&self.model);
        out.name("choices").open_array();
        out
    }
}
