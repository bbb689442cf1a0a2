//! A call that is put out.

use super::output::{SaidText, StreamOutput};
use super::thought::ThoughtItem;
use crate::canon::{
    BlockDelta, BlockPlace, FieldLosses, JsonText, JsonWriter, NewEvent, ThoughtSignature, ToolInput, ToolUseBlock,
};
use crate::responses::items::{self, ItemRules};

/// A call that is put out. It is told of with its first argument, for a signature that comes before has an item of its own ahead
/// of it.
#[derive(Debug)]
pub(super) struct CallItem {
    place: BlockPlace,
    /// What is known of it; its arguments are beside it.
    block: ToolUseBlock,
    /// Its identifier as an item.
    id: JsonText,
    /// Its number, once it was told of.
    number: Option<usize>,
    input: SaidText,
    signature: Option<ThoughtSignature>,
}

impl CallItem {
    /// One of this block, whose identifiers are there.
    pub(super) fn new(place: BlockPlace, block: ToolUseBlock, output: &mut StreamOutput) -> Self {
        let prefix = if block.custom { "ctc_" } else { "fc_" };
        let id = block.item.clone().unwrap_or_else(|| output.ids.make(prefix));
        Self { place, block, id, number: None, input: SaidText::default(), signature: None }
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
            BlockDelta::Input(text) if !text.is_empty() => {
                self.tell(output, out);
                self.say(&text, output, out);
            }
            BlockDelta::Input(_) => {}
            BlockDelta::WholeInput(raw) => {
                let text = raw.to_text();
                if self.number.is_some() {
                    self.say(&text, output, out);
                } else {
                    self.input.push(&text);
                }
            }
            BlockDelta::Signature(signature) if self.number.is_none() => self.signature = Some(signature),
            BlockDelta::Signature(_) => losses.lose("content.signature"),
            BlockDelta::Text(_)
            | BlockDelta::Refusal(_)
            | BlockDelta::Reasoning(_)
            | BlockDelta::Summary(..)
            | BlockDelta::Citation(_)
            | BlockDelta::Logprobs(_)
            | BlockDelta::Other(_) => losses.lose("content.tool_use"),
        }
    }

    /// Tells of it, unless that was done, and of what waited for that.
    pub(super) fn tell(&mut self, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        if self.number.is_some() {
            return;
        }
        if let Some(signature) = self.signature.take() {
            let mut thought = ThoughtItem::begin(self.place, None, output, out);
            thought.grow(BlockDelta::Signature(signature), output, out, &mut FieldLosses::default());
            thought.finish(output, out);
        }
        self.number = Some(output.begin(out, |out| self.write(out, &JsonText::EMPTY, "in_progress")));
        if !self.input.is_empty() {
            let text = self.input.text();
            self.input = SaidText::default();
            self.say(&text, output, out);
        }
    }

    fn say(&mut self, text: &JsonText, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        self.input.push(text);
        let name = if self.block.custom {
            "response.custom_tool_call_input.delta"
        } else {
            "response.function_call_arguments.delta"
        };
        out.push(output.event(name, 192 + text.token().len(), |out| {
            self.number(out);
            out.name("delta").text(text);
        }));
    }

    /// It is complete, or as complete as the answer is.
    pub(super) fn finish(mut self, status: &'static str, output: &mut StreamOutput, out: &mut Vec<NewEvent>) {
        if self.input.is_empty() && !self.block.custom {
            self.input.push(&JsonText::of("{}"));
            if self.number.is_some() {
                self.input = SaidText::default();
                self.say(&JsonText::of("{}"), output, out);
            }
        }
        self.tell(output, out);
        let text = self.input.text();
        let (name, member) = if self.block.custom {
            ("response.custom_tool_call_input.done", "input")
        } else {
            ("response.function_call_arguments.done", "arguments")
        };
        out.push(output.event(name, 224 + text.token().len(), |out| {
            self.number(out);
            if !self.block.custom {
                out.name("name").text(&self.block.name);
            }
            out.name(member).text(&text);
        }));
        let mut whole = JsonWriter::with_capacity(256 + text.token().len());
        self.write(&mut whole, &text, status);
        output.complete(self.number.unwrap_or_default(), whole.finish_raw(), out);
    }

    /// The bytes that it keeps.
    pub(super) fn held(&self) -> usize {
        self.input.len()
    }

    fn number(&self, out: &mut JsonWriter) {
        out.name("item_id").text(&self.id).name("output_index").number(self.number.unwrap_or_default() as u64);
    }

    fn write(&self, out: &mut JsonWriter, input: &JsonText, status: &'static str) {
        let call = ToolUseBlock { input: ToolInput::Text(input.clone()), ..self.block.clone() };
        // Calls of tools that take free text have no status. As it was read, for nothing may stand where nothing was said yet.
        let rules = ItemRules { own: true, id: Some(&self.id), status: (!call.custom).then_some(status) };
        items::write_call(out, &call, call.id.as_ref(), rules, &mut FieldLosses::default());
    }
}
