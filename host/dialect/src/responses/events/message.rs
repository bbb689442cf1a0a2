//! A message that is put out: one item, with a part for each text.

use super::output::{SaidText, StreamOutput};
use crate::canon::{BlockDelta, BlockPlace, FieldLosses, JsonText, JsonWriter, NewEvent, RawJson};
use crate::responses::{annotations, parts};

/// A message that is put out.
#[derive(Debug)]
pub(super) struct MessageItem {
    id: JsonText,
    number: usize,
    parts: Vec<RawJson>,
    open: Option<MessagePart>,
}

/// The part of it that is open.
#[derive(Debug)]
struct MessagePart {
    place: BlockPlace,
    refuses: bool,
    text: SaidText,
    notes: Vec<RawJson>,
    logprobs: Vec<RawJson>,
}

impl MessageItem {
    /// Begins one.
    pub(super) fn begin(output: &mut StreamOutput, out: &mut Vec<NewEvent>) -> Self {
        let id = output.ids.make("msg_");
        let number = output.begin(out, |out| item(out, &id, "in_progress", &[]));
        Self { id, number, parts: Vec::new(), open: None }
    }

    /// Begins a part of it.
    pub(super) fn open(
        &mut self,
        place: BlockPlace,
        refuses: bool,
        output: &mut StreamOutput,
        out: &mut Vec<NewEvent>,
    ) {
        self.close(output, out);
        let part = MessagePart { place, refuses, text: SaidText::default(), notes: Vec::new(), logprobs: Vec::new() };
        out.push(output.event("response.content_part.added", 256, |out| {
            self.place(out);
            out.name("part");
            part.write(out, &JsonText::EMPTY);
        }));
        self.open = Some(part);
    }

    /// Whether this block is the part that is open.
    pub(super) fn is_at(&self, place: BlockPlace) -> bool {
        self.open.as_ref().is_some_and(|part| part.place == place)
    }

    /// The open part grows.
    pub(super) fn grow(
        &mut self,
        delta: BlockDelta,
        output: &mut StreamOutput,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) {
        let Some(mut part) = self.open.take() else { return };
        match delta {
            BlockDelta::Text(text) | BlockDelta::Refusal(text) if !text.is_empty() => {
                part.text.push(&text);
                let name = if part.refuses { "response.refusal.delta" } else { "response.output_text.delta" };
                out.push(output.event(name, 224 + text.token().len(), |out| {
                    self.place(out);
                    out.name("delta").text(&text);
                    if !part.refuses {
                        out.name("logprobs").open_array().close_array();
                    }
                }));
            }
            BlockDelta::Text(_) | BlockDelta::Refusal(_) => {}
            BlockDelta::Citation(note) => {
                let characters = part.text.text().text().chars().count() as u64;
                match annotations::written(&note, characters) {
                    Some(annotation) => {
                        out.push(output.event("response.output_text.annotation.added", 512, |out| {
                            self.place(out);
                            out.name("annotation_index").number(part.notes.len() as u64);
                            out.name("annotation").raw(&annotation);
                        }));
                        part.notes.push(annotation);
                    }
                    None => losses.lose("content.citations"),
                }
            }
            BlockDelta::Logprobs(raw) => match parts::logprobs(&raw) {
                // They come behind their text: a piece of their own, which says nothing else.
                Some(list) => {
                    out.push(output.event("response.output_text.delta", 256 + list.bytes().len(), |out| {
                        self.place(out);
                        out.name("delta").text(&JsonText::EMPTY).name("logprobs").raw(&list);
                    }));
                    part.logprobs.extend(list.elements());
                }
                None => losses.lose("content.logprobs"),
            },
            BlockDelta::Signature(_) => losses.lose("content.signature"),
            BlockDelta::Reasoning(_)
            | BlockDelta::Summary(..)
            | BlockDelta::Input(_)
            | BlockDelta::WholeInput(_)
            | BlockDelta::Other(_) => losses.lose("content.text"),
        }
        self.open = Some(part);
    }

    /// The open part is complete, and all of it is said again.
    pub(super) fn close(&mut self, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        let Some(part) = self.open.take() else { return };
        let text = part.text.text();
        let (name, member) =
            if part.refuses { ("response.refusal.done", "refusal") } else { ("response.output_text.done", "text") };
        out.push(output.event(name, 224 + text.token().len(), |out| {
            self.place(out);
            out.name(member).text(&text);
            if !part.refuses {
                out.name("logprobs").open_array();
                part.logprobs.iter().for_each(|raw| {
                    out.raw(raw);
                });
                out.close_array();
            }
        }));
        let mut whole = JsonWriter::with_capacity(96 + text.token().len());
        part.write(&mut whole, &text);
        let whole = whole.finish_raw();
        out.push(output.event("response.content_part.done", 224 + whole.bytes().len(), |out| {
            self.place(out);
            out.name("part").raw(&whole);
        }));
        self.parts.push(whole);
    }

    /// The message is complete.
    pub(super) fn finish(mut self, status: &'static str, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        self.close(output, out);
        let mut whole = JsonWriter::with_capacity(128 + self.held());
        item(&mut whole, &self.id, status, &self.parts);
        output.complete(self.number, whole.finish_raw(), out);
    }

    /// The bytes that it keeps.
    pub(super) fn held(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |part| part.text.len());
        open + self.parts.iter().map(|part| part.bytes().len()).sum::<usize>()
    }

    fn place(&self, out: &mut JsonWriter) {
        out.name("item_id").text(&self.id).name("output_index").number(self.number as u64);
        out.name("content_index").number(self.parts.len() as u64);
    }
}

impl MessagePart {
    fn write(&self, out: &mut JsonWriter, text: &JsonText) {
        if self.refuses {
            out.open().name("type").string("refusal").name("refusal").text(text).close();
            return;
        }
        out.open().name("type").string("output_text").name("text").text(text);
        for (name, list) in [("annotations", &self.notes), ("logprobs", &self.logprobs)] {
            out.name(name).open_array();
            for raw in list {
                out.raw(raw);
            }
            out.close_array();
        }
        out.close();
    }
}

fn item(out: &mut JsonWriter, id: &JsonText, status: &'static str, parts: &[RawJson]) {
    out.open().name("id").text(id).name("type").string("message").name("status").string(status);
    out.name("role").string("assistant").name("content").open_array();
    for part in parts {
        out.raw(part);
    }
    out.close_array().close();
}
