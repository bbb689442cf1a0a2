//! A stream, written.

use bytes::Bytes;
use weir_usage::Usage;

use super::chunk::ChunkFrame;
use super::failure;
use crate::canon::{
    AnswerContext, AnswerStart, BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, EventEncoder, FieldLosses,
    JsonText, JsonWriter, NewEvent, SignatureKind, StopKind, ThoughtSignature, ToolInput,
};
use crate::chat::answer::made_id;
use crate::chat::writing::ChatWriting;
use crate::chat::{calls, stop, thoughts};
use crate::translate::ids::{self, ToolIdGrammar};

/// Writes the events of a stream (OpenAI's API reference, `CreateChatCompletionStreamResponse`).
#[derive(Debug)]
pub struct ChatWireEncoder {
    frame: ChunkFrame,
    /// For identifiers of calls that have none.
    seed: u128,
    choices: Vec<ChoiceHead>,
    blocks: Vec<OpenBlock>,
    usage: Option<Usage>,
    /// Calls so far, of all choices: for identifiers.
    calls: usize,
    /// Bytes of thoughts that may yet be signed.
    held: usize,
    is_over: bool,
}

/// What is known of a choice.
#[derive(Debug)]
struct ChoiceHead {
    index: u32,
    calls: u64,
    /// Thoughts that were signed.
    signed: u64,
    /// Characters of its text.
    characters: u64,
    is_refused: bool,
}

/// A block that is open.
#[derive(Debug)]
struct OpenBlock {
    place: BlockPlace,
    kind: OpenKind,
    is_empty: bool,
}

#[derive(Debug)]
enum OpenKind {
    /// From so many characters of the choice's text.
    Text(u64),
    Refusal,
    /// What was thought, for its signature stands beside it.
    Thoughts(Vec<JsonText>),
    /// The number of the call.
    Call {
        number: u64,
        custom: bool,
    },
    /// What this wire does not have.
    None,
}

impl ChatWireEncoder {
    /// Of an answer to this request.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        let seed = context.id;
        let id = made_id(&context);
        let frame = ChunkFrame { id, created: context.now, model: context.model, shows_usage: context.include_usage };
        Self { frame, seed, choices: Vec::new(), blocks: Vec::new(), usage: None, calls: 0, held: 0, is_over: false }
    }

    fn start(&mut self, start: &AnswerStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        losses.lose_extras("", &start.extra);
        if let Some(id) = &start.id {
            self.frame.id = id.clone();
        }
        if let Some(created) = start.created.filter(|created| *created > 0) {
            self.frame.created = created;
        }
        self.choice(0, out);
    }

    /// The choice, whose role is told before all else.
    fn choice(&mut self, index: u32, out: &mut Vec<NewEvent>) -> usize {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return at;
        }
        let (calls, signed, characters) = (0, 0, 0);
        self.choices.push(ChoiceHead { index, calls, signed, characters, is_refused: false });
        self.frame.delta(index, out, |out| {
            out.name("role").string("assistant").name("content").string("").name("refusal").null();
        });
        self.choices.len() - 1
    }

    fn open(&mut self, place: BlockPlace, start: BlockStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let at = self.choice(place.choice, out);
        let kind = match start {
            BlockStart::Text => OpenKind::Text(self.choices.get(at).map_or(0, |choice| choice.characters)),
            BlockStart::Refusal => {
                self.choices.get_mut(at).into_iter().for_each(|choice| choice.is_refused = true);
                OpenKind::Refusal
            }
            BlockStart::Reasoning { .. } => OpenKind::Thoughts(Vec::new()),
            BlockStart::ToolUse { id, name, custom, .. } => self.open_call(at, place, id, &name, custom, out),
            BlockStart::ServerTool(_) => {
                losses.lose("content.server_tool");
                OpenKind::None
            }
            BlockStart::Other(other) => {
                losses.lose_extra("content", other.kind.as_bytes());
                OpenKind::None
            }
        };
        self.blocks.push(OpenBlock { place, kind, is_empty: true });
    }

    fn open_call(
        &mut self,
        at: usize,
        place: BlockPlace,
        id: Option<JsonText>,
        name: &JsonText,
        custom: bool,
        out: &mut Vec<NewEvent>,
    ) -> OpenKind {
        let number = self.choices.get_mut(at).map_or(0, |choice| {
            choice.calls += 1;
            choice.calls - 1
        });
        let id = id.unwrap_or_else(|| ids::made(self.seed, self.calls));
        self.calls += 1;
        let (member, input) = if custom { ("custom", "input") } else { ("function", "arguments") };
        self.frame.delta(place.choice, out, |out| {
            out.name("tool_calls").open_array().open().name("index").number(number).name("id").text(&id);
            out.name("type").string(member).name(member).open().name("name").text(name);
            out.name(input).string("").close().close().close_array();
        });
        OpenKind::Call { number, custom }
    }

    fn grow(&mut self, place: BlockPlace, delta: BlockDelta, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let Some(at) = self.blocks.iter().rposition(|block| block.place == place) else { return };
        let mut block = self.blocks.swap_remove(at);
        let is_first = std::mem::replace(&mut block.is_empty, false);
        match (delta, &mut block.kind) {
            (BlockDelta::Text(text), OpenKind::Text(_)) => {
                let characters = text.text().chars().count() as u64;
                let choice = self.choices.iter_mut().find(|choice| choice.index == place.choice);
                choice.into_iter().for_each(|choice| choice.characters += characters);
                self.frame.text(place.choice, "content", &text, out);
            }
            (BlockDelta::Refusal(text), OpenKind::Refusal) => self.frame.text(place.choice, "refusal", &text, out),
            (BlockDelta::Reasoning(text), OpenKind::Thoughts(said)) => self.think(place, text, said, out),
            (BlockDelta::Summary(text, begins), OpenKind::Thoughts(said)) => {
                if begins && !is_first {
                    self.think(place, JsonText::of("\n\n"), said, out);
                }
                self.think(place, text, said, out);
            }
            (BlockDelta::Input(text), OpenKind::Call { number, custom }) => {
                self.frame.input(place.choice, *number, *custom, &text, out);
            }
            (BlockDelta::WholeInput(raw), OpenKind::Call { number, custom }) => {
                self.frame.input(place.choice, *number, *custom, &ToolInput::Json(raw).to_text(), out);
            }
            (BlockDelta::Signature(signature), kind) => {
                // It is nothing that is said.
                block.is_empty = is_first;
                self.sign(place, &signature, kind, out);
            }
            (BlockDelta::Citation(note), OpenKind::Text(_)) if note.url.is_none() => losses.lose("content.citations"),
            (BlockDelta::Citation(note), OpenKind::Text(from)) => {
                let choice = self.choices.iter().find(|choice| choice.index == place.choice);
                let to = choice.map_or(*from, |choice| choice.characters);
                self.frame.cite(place.choice, &note, (*from, to), out);
            }
            (BlockDelta::Logprobs(raw), _) => {
                if !self.frame.tokens(place.choice, &raw, out) {
                    losses.lose("choices.logprobs");
                }
            }
            (BlockDelta::Other(_), _) => losses.lose("content.delta"),
            (_, OpenKind::None) => {}
            (_, _) => losses.lose("content.delta"),
        }
        self.blocks.push(block);
    }

    fn think(&mut self, place: BlockPlace, text: JsonText, said: &mut Vec<JsonText>, out: &mut Vec<NewEvent>) {
        self.frame.text(place.choice, "reasoning_content", &text, out);
        self.held += text.token().len();
        said.push(text);
    }

    /// A signature with all that it signs, so that a client that gives back `reasoning_details` alone gives back both.
    fn sign(&mut self, place: BlockPlace, signature: &ThoughtSignature, kind: &mut OpenKind, out: &mut Vec<NewEvent>) {
        let mut losses = FieldLosses::default();
        let writing = ChatWriting {
            own: false,
            reader: None,
            marks: false,
            ids: ToolIdGrammar::Any,
            document_url: false,
            losses: &mut losses,
        };
        match kind {
            OpenKind::Thoughts(said) => {
                let choice = self.choices.iter_mut().find(|choice| choice.index == place.choice);
                let index = choice.map_or(0, |choice| {
                    choice.signed += 1;
                    choice.signed - 1
                });
                let text = (!said.is_empty()).then(|| JsonText::concat(said.iter()));
                // Once: however many signatures follow, the client has it.
                let kept: usize = said.drain(..).map(|text| text.token().len()).sum();
                self.held = self.held.saturating_sub(kept);
                let text = text.filter(|_| signature.kind == SignatureKind::Signature);
                let Some(value) = writing.signature(signature, crate::wire::Vendor::OpenAi) else { return };
                self.frame.delta(place.choice, out, |out| {
                    out.name(thoughts::DETAILS).open_array();
                    thoughts::write_detail(out, index, text.as_ref(), signature, &value, false);
                    out.close_array();
                });
            }
            OpenKind::Call { number, custom } => self.frame.delta(place.choice, out, |out| {
                out.name("tool_calls").open_array().open().name("index").number(*number);
                // OpenAI's library reads it of every call.
                out.name(if *custom { "custom" } else { "function" }).open();
                out.name(if *custom { "input" } else { "arguments" }).string("").close();
                calls::write_signature(out, signature, &writing);
                out.close().close_array();
            }),
            OpenKind::Text(_) | OpenKind::Refusal | OpenKind::None => {}
        }
    }

    fn close(&mut self, place: BlockPlace, out: &mut Vec<NewEvent>) {
        let Some(at) = self.blocks.iter().rposition(|block| block.place == place) else { return };
        let block = self.blocks.swap_remove(at);
        match block.kind {
            // What is called without arguments is called with none, in JSON.
            OpenKind::Call { number, custom: false } if block.is_empty => {
                self.frame.input(place.choice, number, false, &JsonText::of("{}"), out);
            }
            OpenKind::Thoughts(said) => {
                self.held = self.held.saturating_sub(said.iter().map(|text| text.token().len()).sum());
            }
            _ => {}
        }
    }

    fn stop(&mut self, index: u32, stop: &ChatStop, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let at = self.choice(index, out);
        let is_refused = self.choices.get(at).is_some_and(|choice| choice.is_refused);
        if stop.kind == StopKind::Other {
            losses.lose_extra("stop", stop.word.text().as_bytes());
        }
        self.frame.chunk(index, out, |out| {
            out.name("delta").open().close().name("logprobs").null();
            out.name("finish_reason").string(stop::word(stop.kind, is_refused));
        });
    }

    fn end(&mut self, out: &mut Vec<NewEvent>) {
        self.usage.iter().for_each(|used| self.frame.used(used, out));
        out.push(NewEvent { name: None, data: Bytes::from_static(b"[DONE]") });
    }
}

impl EventEncoder for ChatWireEncoder {
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.is_over {
            return;
        }
        match event {
            ChatEvent::Start(start) => self.start(&start, out, losses),
            ChatEvent::Open(place, start) => self.open(place, start, out, losses),
            ChatEvent::Delta(place, delta) => self.grow(place, delta, out, losses),
            ChatEvent::Close(place) => self.close(place, out),
            ChatEvent::Stop { choice, stop } => self.stop(choice, &stop, out, losses),
            ChatEvent::Usage(used) => self.usage = Some(self.usage.unwrap_or_default().then(used)),
            ChatEvent::Failed(failure) => {
                self.is_over = true;
                self.blocks.clear();
                self.held = 0;
                let mut writer = JsonWriter::default();
                failure::write(&mut writer, &failure);
                out.push(NewEvent { name: None, data: writer.finish() });
            }
            ChatEvent::End => {
                self.is_over = true;
                self.end(out);
            }
            ChatEvent::Beside(kind, _) => losses.lose_extra("", kind.as_bytes()),
            ChatEvent::Alive => {}
        }
    }

    fn held(&self) -> usize {
        self.held
    }
}
