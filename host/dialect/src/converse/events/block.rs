//! A block that is being written.

use super::out;
use crate::canon::{BlockDelta, BlockStart, FieldLosses, JsonText, NewEvent, RawJson};
use crate::converse::blocks::thoughts;
use crate::wire::Vendor;

/// What is written between two summaries of a thought.
const BETWEEN: &str = "\n\n";

/// What every block of a stream shares.
#[derive(Debug)]
pub(crate) struct BlockNumbers {
    /// Whose models read what the client gives back.
    pub(crate) vendor: Vendor,
    /// The next `contentBlockIndex`.
    pub(crate) next: u64,
}

/// A block that is being written. Its number is given when it is first heard of, so that the numbers have no gaps.
#[derive(Debug)]
pub(crate) struct NewBlock {
    kind: NewKind,
    index: Option<u64>,
    /// Arguments or thoughts came.
    grew: bool,
    /// Arguments that came whole: the call's signature may yet follow.
    input: Option<JsonText>,
}

#[derive(Debug)]
enum NewKind {
    Text,
    Reasoning,
    /// Its start is written with its first argument: a signature of the call stands in front of it.
    Tool {
        id: JsonText,
        name: JsonText,
    },
    /// It was read from this wire, and is written at once.
    Whole,
    /// Nothing that this wire has.
    Dropped,
}

impl NewBlock {
    /// A block opens. `id` is that of a call that has none.
    pub(crate) fn open(
        start: BlockStart,
        numbers: &mut BlockNumbers,
        id: impl FnOnce() -> JsonText,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) -> Self {
        let mut block = Self { kind: NewKind::Dropped, index: None, grew: false, input: None };
        block.kind = match start {
            BlockStart::Text | BlockStart::Refusal => NewKind::Text,
            BlockStart::Reasoning { .. } => NewKind::Reasoning,
            BlockStart::ToolUse { id: given, name, .. } => NewKind::Tool { id: given.unwrap_or_else(id), name },
            BlockStart::ServerTool(tool) if is_own(&tool.raw, &["toolUse", "toolResult"]) => {
                out.extend(out::whole(block.number(numbers), &tool.raw));
                NewKind::Whole
            }
            BlockStart::ServerTool(_) => {
                losses.lose("content.server_tool");
                NewKind::Dropped
            }
            BlockStart::Other(other) if is_own(&other.raw, &[&other.kind]) => {
                out.extend(out::whole(block.number(numbers), &other.raw));
                NewKind::Whole
            }
            BlockStart::Other(other) => {
                losses.lose_extra("content", other.kind.as_bytes());
                NewKind::Dropped
            }
        };
        block
    }

    /// It grows.
    pub(crate) fn grow(
        &mut self,
        delta: &BlockDelta,
        numbers: &mut BlockNumbers,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) {
        if let BlockDelta::Logprobs(_) = delta {
            losses.lose("logprobs");
            return;
        }
        match &self.kind {
            NewKind::Text => self.grow_text(delta, numbers, out, losses),
            NewKind::Reasoning => self.grow_thought(delta, numbers, out),
            NewKind::Tool { .. } => self.grow_call(delta, numbers, out, losses),
            NewKind::Whole | NewKind::Dropped => {}
        }
    }

    fn grow_text(
        &mut self,
        delta: &BlockDelta,
        numbers: &mut BlockNumbers,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) {
        match delta {
            BlockDelta::Text(text) | BlockDelta::Refusal(text) if !text.is_empty() => {
                out.push(out::text(self.number(numbers), text));
            }
            BlockDelta::Citation(note) => out.push(out::citation(self.number(numbers), note)),
            BlockDelta::Signature(_) => losses.lose("content.signature"),
            _ => {}
        }
    }

    fn grow_thought(&mut self, delta: &BlockDelta, numbers: &mut BlockNumbers, out: &mut Vec<NewEvent>) {
        match delta {
            BlockDelta::Reasoning(text) if !text.is_empty() => {
                self.grew = true;
                out.push(out::thought(self.number(numbers), text));
            }
            BlockDelta::Summary(text, another) => {
                if *another && self.grew {
                    out.push(out::thought(self.number(numbers), &JsonText::of(BETWEEN)));
                }
                if !text.is_empty() {
                    self.grew = true;
                    out.push(out::thought(self.number(numbers), text));
                }
            }
            BlockDelta::Signature(signature) => {
                let slot = thoughts::slot(signature, numbers.vendor);
                out.push(out::signature(self.number(numbers), &slot));
            }
            _ => {}
        }
    }

    fn grow_call(
        &mut self,
        delta: &BlockDelta,
        numbers: &mut BlockNumbers,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) {
        let piece = match delta {
            BlockDelta::Input(text) if !text.is_empty() => text.clone(),
            BlockDelta::WholeInput(value) => {
                self.input = Some(value.to_text());
                return;
            }
            BlockDelta::Signature(signature) if self.index.is_none() => {
                // A thought of its own, which says nothing.
                let slot = thoughts::slot(signature, numbers.vendor);
                let index = numbers.give();
                out.extend([out::signature(index, &slot), out::block_stop(index)]);
                return;
            }
            BlockDelta::Signature(_) => {
                losses.lose("content.signature");
                return;
            }
            _ => return,
        };
        self.begin_call(numbers, out);
        self.grew = true;
        out.push(out::input(self.number(numbers), &piece));
    }

    fn begin_call(&mut self, numbers: &mut BlockNumbers, out: &mut Vec<NewEvent>) {
        if self.index.is_some() {
            return;
        }
        let index = self.number(numbers);
        if let NewKind::Tool { id, name } = &self.kind {
            out.push(out::tool_start(index, id, name));
        }
    }

    /// It is complete. Clients read the arguments of a call as JSON: those of a call without any are an empty object.
    pub(crate) fn close(mut self, numbers: &mut BlockNumbers, out: &mut Vec<NewEvent>) {
        if matches!(self.kind, NewKind::Tool { .. }) && !self.grew {
            self.begin_call(numbers, out);
            let input = self.input.take().unwrap_or_else(|| RawJson::EMPTY_OBJECT.to_text());
            out.push(out::input(self.number(numbers), &input));
        }
        if let Some(index) = self.index {
            out.push(out::block_stop(index));
        }
    }

    fn number(&mut self, numbers: &mut BlockNumbers) -> u64 {
        *self.index.get_or_insert_with(|| numbers.give())
    }
}

impl BlockNumbers {
    fn give(&mut self) -> u64 {
        let index = self.next;
        self.next += 1;
        index
    }
}

/// Whether what was read is a union of this wire with one of these members.
fn is_own(raw: &RawJson, names: &[&str]) -> bool {
    let members = raw.members();
    names.iter().any(|name| members.get(name).is_some())
}
