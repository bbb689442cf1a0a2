//! The block that is being written. It begins on the wire when it says something, for by then it is known what it is: a thought
//! without words is another kind of block here, and a call's signature stands before it.

use super::lines;
use crate::canon::{
    BlockDelta, BlockPlace, BlockStart, FieldLosses, JsonText, JsonWriter, NewEvent, RawJson, ThoughtSignature,
    ToolInput,
};
use crate::messages::content::{notes, thoughts};
use crate::translate::signatures;
use crate::wire::Vendor;

/// The block that is being written.
#[derive(Debug)]
pub(super) struct WrittenBlock {
    place: BlockPlace,
    kind: WrittenKind,
    /// It has begun on the wire.
    begun: bool,
    signature: Option<ThoughtSignature>,
    /// Arguments that are written when the block is complete.
    input: Vec<JsonText>,
    whole: Option<RawJson>,
}

#[derive(Debug)]
enum WrittenKind {
    Text,
    /// In short, in the model's own words, or neither so far.
    Thought(Option<ThoughtForm>),
    Call {
        id: JsonText,
        name: JsonText,
        custom: bool,
    },
    /// As it stands.
    Whole(RawJson),
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThoughtForm {
    Words,
    Summary,
}

/// Where events go, and the number of the next block.
pub(super) struct EventOut<'a> {
    pub(super) next: &'a mut u32,
    pub(super) events: &'a mut Vec<NewEvent>,
    pub(super) losses: &'a mut FieldLosses,
}

impl WrittenBlock {
    /// A block that begins; a call of a tool with an identifier that this wire takes.
    pub(super) fn of(
        place: BlockPlace,
        start: BlockStart,
        id: impl FnOnce(Option<JsonText>) -> JsonText,
        out: &mut EventOut<'_>,
    ) -> Self {
        let kind = match start {
            BlockStart::Text | BlockStart::Refusal => WrittenKind::Text,
            BlockStart::Reasoning { .. } => WrittenKind::Thought(None),
            BlockStart::ToolUse { id: own, name, custom, .. } => WrittenKind::Call { id: id(own), name, custom },
            BlockStart::ServerTool(block) => own(&block.raw, b"server_tool", out),
            BlockStart::Other(block) => own(&block.raw, block.kind.as_bytes(), out),
        };
        Self { place, kind, begun: false, signature: None, input: Vec::new(), whole: None }
    }

    pub(super) fn place(&self) -> BlockPlace {
        self.place
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        let input = self.input.iter().map(|piece| piece.token().len()).sum::<usize>();
        let whole = self.whole.as_ref().map_or(0, |raw| raw.bytes().len());
        input + whole + self.signature.as_ref().map_or(0, |signature| signature.value.token().len())
    }

    /// It grows.
    pub(super) fn grow(&mut self, delta: BlockDelta, out: &mut EventOut<'_>) {
        match (&mut self.kind, delta) {
            (_, BlockDelta::Signature(signature)) => self.signature = Some(signature),
            (WrittenKind::Text, BlockDelta::Text(text) | BlockDelta::Refusal(text)) => {
                self.say("text_delta", "text", &text, out);
            }
            (WrittenKind::Text, BlockDelta::Citation(note)) => {
                if let Some(citation) = notes::written_citation(&note, out.losses) {
                    let index = self.begin(out);
                    out.events.push(lines::citation_delta(index, &citation));
                }
            }
            (WrittenKind::Thought(form), BlockDelta::Reasoning(text)) => {
                if *form.get_or_insert(ThoughtForm::Words) == ThoughtForm::Words {
                    self.say("thinking_delta", "thinking", &text, out);
                }
            }
            (WrittenKind::Thought(form), BlockDelta::Summary(text, another)) => {
                if *form.get_or_insert(ThoughtForm::Summary) == ThoughtForm::Summary {
                    if another && self.begun {
                        self.say("thinking_delta", "thinking", &JsonText::of("\n\n"), out);
                    }
                    self.say("thinking_delta", "thinking", &text, out);
                }
            }
            (WrittenKind::Call { custom: true, .. }, BlockDelta::Input(text)) => self.input.push(text),
            // Some models write it where a tool takes nothing; here arguments are an object.
            (WrittenKind::Call { .. }, BlockDelta::Input(text)) if !self.begun && text.is("null") => {
                self.input.push(text)
            }
            (WrittenKind::Call { .. }, BlockDelta::Input(text)) => {
                for kept in std::mem::take(&mut self.input) {
                    self.say("input_json_delta", "partial_json", &kept, out);
                }
                self.say("input_json_delta", "partial_json", &text, out);
            }
            (WrittenKind::Call { .. }, BlockDelta::WholeInput(raw)) => self.whole = Some(raw),
            (_, BlockDelta::Logprobs(_)) => out.losses.lose("logprobs"),
            (_, BlockDelta::Citation(_)) => out.losses.lose("citations"),
            (WrittenKind::Lost | WrittenKind::Whole(_), _) | (_, BlockDelta::Other(_)) => out.losses.lose("content"),
            // What is of another kind than its block.
            (WrittenKind::Text | WrittenKind::Thought(_) | WrittenKind::Call { .. }, _) => {}
        }
    }

    /// It is complete. One that has said nothing is left out, unless it is a call.
    pub(super) fn close(mut self, out: &mut EventOut<'_>) {
        match &self.kind {
            WrittenKind::Thought(_) => return self.close_thought(out),
            WrittenKind::Call { .. } => self.close_call(out),
            WrittenKind::Whole(_) => {
                self.begin(out);
            }
            WrittenKind::Text | WrittenKind::Lost => {}
        }
        self.stop(out);
        // That of a text stands behind it.
        if let Some(signature) = self.signature.filter(|_| !matches!(self.kind, WrittenKind::Lost)) {
            redacted(&signature, out);
        }
    }

    fn close_thought(mut self, out: &mut EventOut<'_>) {
        let Some(signature) = self.signature.take() else { return self.stop(out) };
        if !self.begun && !thoughts::is_own(&signature) {
            return redacted(&signature, out);
        }
        let kept = signatures::carried(&signature, Vendor::Anthropic, crate::canon::SignatureKind::Signature);
        self.say("signature_delta", "signature", &kept, out);
        self.stop(out);
    }

    fn close_call(&mut self, out: &mut EventOut<'_>) {
        let given = match (self.whole.take(), self.input.is_empty()) {
            (Some(raw), _) => Some(ToolInput::Json(raw)),
            (None, false) => Some(ToolInput::Text(JsonText::concat(&self.input))),
            (None, true) => None,
        };
        let said = self.begun;
        self.begin(out);
        // Pieces that came before say it already.
        let Some(given) = given.filter(|_| !said) else { return };
        let (input, wrapped) = given.to_object();
        if wrapped {
            out.losses.lose("content.tool_use.input");
        }
        if input != RawJson::EMPTY_OBJECT {
            self.say("input_json_delta", "partial_json", &input.to_text(), out);
        }
    }

    fn say(&mut self, kind: &str, member: &str, text: &JsonText, out: &mut EventOut<'_>) {
        if !text.is_empty() {
            let index = self.begin(out);
            out.events.push(lines::block_delta(index, kind, member, text));
        }
    }

    /// Its number; it begins, if it has not.
    fn begin(&mut self, out: &mut EventOut<'_>) -> u32 {
        if !self.begun {
            if matches!(self.kind, WrittenKind::Call { .. })
                && let Some(signature) = self.signature.take()
            {
                redacted(&signature, out);
            }
            self.begun = true;
            let start = self.start();
            out.events.push(lines::block_start(*out.next, &start));
            *out.next = out.next.saturating_add(1);
        }
        out.next.saturating_sub(1)
    }

    fn start(&self) -> RawJson {
        let mut start = JsonWriter::with_capacity(128);
        match &self.kind {
            WrittenKind::Whole(raw) => return raw.clone(),
            WrittenKind::Text | WrittenKind::Lost => {
                start.open().name("type").string("text").name("text").string("").close();
            }
            WrittenKind::Thought(_) => {
                start.open().name("type").string("thinking").name("thinking").string("");
                start.name("signature").string("").close();
            }
            WrittenKind::Call { id, name, .. } => {
                start.open().name("type").string("tool_use").name("id").text(id).name("name").text(name);
                start.name("input").open().close().close();
            }
        }
        start.finish_raw()
    }

    fn stop(&self, out: &mut EventOut<'_>) {
        if self.begun {
            out.events.push(lines::block_stop(out.next.saturating_sub(1)));
        }
    }
}

/// What is a block of this wire as it stands; of another wire it is lost.
fn own(raw: &RawJson, kind: &[u8], out: &mut EventOut<'_>) -> WrittenKind {
    let own = raw.members().get("type").and_then(RawJson::text);
    let is_own = own.is_some_and(|own| {
        let own = own.text();
        own.ends_with("_tool_use") || own.ends_with("_tool_result") || own == "container_upload"
    });
    if is_own {
        return WrittenKind::Whole(raw.clone());
    }
    out.losses.lose_extra("content", kind);
    WrittenKind::Lost
}

/// A block that the client is to keep and nobody is to read.
fn redacted(signature: &ThoughtSignature, out: &mut EventOut<'_>) {
    let mut block = JsonWriter::with_capacity(signature.value.token().len() + 128);
    thoughts::write_redacted(&mut block, signature);
    out.events.push(lines::block_start(*out.next, &block.finish_raw()));
    out.events.push(lines::block_stop(*out.next));
    *out.next = out.next.saturating_add(1);
}
