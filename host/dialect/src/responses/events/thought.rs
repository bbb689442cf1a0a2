//! What the model thought, as it is put out.

use super::output::{SaidText, StreamOutput};
use crate::canon::{
    BlockDelta, BlockPlace, FieldLosses, JsonText, JsonWriter, NewEvent, ReasoningBlock, SignatureKind,
    ThoughtSignature,
};
use crate::responses::items::{self, ItemRules};
use crate::translate::signatures;
use crate::wire::Vendor;

/// What the model thought.
#[derive(Debug)]
pub(super) struct ThoughtItem {
    place: BlockPlace,
    id: JsonText,
    number: usize,
    block: ReasoningBlock,
    open: Option<ThoughtPart>,
}

/// The text of it that is open.
#[derive(Debug)]
struct ThoughtPart {
    is_summary: bool,
    text: SaidText,
}

impl ThoughtItem {
    /// Begins one.
    pub(super) fn begin(
        place: BlockPlace,
        id: Option<JsonText>,
        output: &mut StreamOutput,
        out: &mut Vec<NewEvent>,
    ) -> Self {
        let id = id.unwrap_or_else(|| output.ids.make("rs_"));
        let number = output.begin(out, |out| {
            let rules = ItemRules { own: false, id: Some(&id), status: Some("in_progress") };
            items::write_reasoning(out, &ReasoningBlock::default(), None, rules, &mut FieldLosses::default());
        });
        Self { place, id, number, block: ReasoningBlock::default(), open: None }
    }

    /// Whether it is this block.
    pub(super) fn is_at(&self, place: BlockPlace) -> bool {
        self.place == place
    }

    /// It grows.
    pub(super) fn grow(
        &mut self,
        delta: BlockDelta,
        output: &mut StreamOutput,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) {
        match delta {
            BlockDelta::Reasoning(text) => self.say(&text, false, false, output, out),
            BlockDelta::Summary(text, is_new) => self.say(&text, true, is_new, output, out),
            BlockDelta::Signature(signature) => self.block.signature = Some(signature),
            BlockDelta::Text(_)
            | BlockDelta::Refusal(_)
            | BlockDelta::Input(_)
            | BlockDelta::WholeInput(_)
            | BlockDelta::Citation(_)
            | BlockDelta::Logprobs(_)
            | BlockDelta::Other(_) => losses.lose("content.reasoning"),
        }
    }

    fn say(
        &mut self,
        text: &JsonText,
        is_summary: bool,
        is_new: bool,
        output: &mut StreamOutput,
        out: &mut Vec<NewEvent>,
    ) {
        if text.is_empty() {
            return;
        }
        if is_new || self.open.as_ref().is_none_or(|part| part.is_summary != is_summary) {
            self.close(output, out);
            let part = ThoughtPart { is_summary, text: SaidText::default() };
            out.push(output.event(part.event(Step::Added), 224, |out| {
                self.place(out, is_summary);
                out.name("part");
                part.write(out, &JsonText::EMPTY);
            }));
            self.open = Some(part);
        }
        let Some(mut part) = self.open.take() else { return };
        part.text.push(text);
        out.push(output.event(part.event(Step::Delta), 224 + text.token().len(), |out| {
            self.place(out, is_summary);
            out.name("delta").text(text);
        }));
        self.open = Some(part);
    }

    /// The open text is complete, and all of it is said again.
    fn close(&mut self, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        let Some(part) = self.open.take() else { return };
        let text = part.text.text();
        out.push(output.event(part.event(Step::TextDone), 224 + text.token().len(), |out| {
            self.place(out, part.is_summary);
            out.name("text").text(&text);
        }));
        out.push(output.event(part.event(Step::Done), 256 + text.token().len(), |out| {
            self.place(out, part.is_summary);
            out.name("part");
            part.write(out, &text);
        }));
        if part.is_summary { &mut self.block.summary } else { &mut self.block.text }.push(text);
    }

    /// It is complete.
    pub(super) fn finish(mut self, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        self.close(output, out);
        let signature = self.block.signature.as_ref().map(carried);
        let rules = ItemRules { own: false, id: Some(&self.id), status: Some("completed") };
        let mut whole = JsonWriter::with_capacity(256 + self.held());
        items::write_reasoning(&mut whole, &self.block, signature.as_ref(), rules, &mut FieldLosses::default());
        output.complete(self.number, whole.finish_raw(), out);
    }

    /// The bytes that it keeps.
    pub(super) fn held(&self) -> usize {
        let texts = self.block.text.iter().chain(&self.block.summary).map(|text| text.token().len()).sum::<usize>();
        texts + self.open.as_ref().map_or(0, |part| part.text.len())
    }

    fn place(&self, out: &mut JsonWriter, is_summary: bool) {
        out.name("item_id").text(&self.id).name("output_index").number(self.number as u64);
        if is_summary {
            out.name("summary_index").number(self.block.summary.len() as u64);
        } else {
            out.name("content_index").number(self.block.text.len() as u64);
        }
    }
}

/// What is told of a text.
#[derive(Debug, Clone, Copy)]
enum Step {
    Added,
    Delta,
    TextDone,
    Done,
}

impl ThoughtPart {
    fn event(&self, step: Step) -> &'static str {
        match (step, self.is_summary) {
            (Step::Added, true) => "response.reasoning_summary_part.added",
            (Step::Added, false) => "response.content_part.added",
            (Step::Delta, true) => "response.reasoning_summary_text.delta",
            (Step::Delta, false) => "response.reasoning_text.delta",
            (Step::TextDone, true) => "response.reasoning_summary_text.done",
            (Step::TextDone, false) => "response.reasoning_text.done",
            (Step::Done, true) => "response.reasoning_summary_part.done",
            (Step::Done, false) => "response.content_part.done",
        }
    }

    fn write(&self, out: &mut JsonWriter, text: &JsonText) {
        let kind = if self.is_summary { "summary_text" } else { "reasoning_text" };
        out.open().name("type").string(kind).name("text").text(text).close();
    }
}

/// What the model needs to see again, as `encrypted_content`.
pub(super) fn carried(signature: &ThoughtSignature) -> JsonText {
    signatures::carried(signature, Vendor::OpenAi, SignatureKind::Encrypted)
}
