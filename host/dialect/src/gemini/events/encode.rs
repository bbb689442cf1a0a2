//! A stream, written.

use weir_usage::Usage;

use super::failure;
use super::kept::{KeptPart, PartKind, StreamedChoice};
use crate::canon::{
    AnswerContext, BlockDelta, BlockPlace, BlockStart, ChatEvent, CitationNote, EventEncoder, FieldLosses, JsonText,
    JsonWriter, NewEvent, RawJson, ToolInput,
};
use crate::gemini::answer::{self, BLOCKED};
use crate::gemini::{kind, proto, signature, stop, tokens, usage};

/// Where blocks are, for the names of what is lost.
const WITHIN: &str = "choices.content";

/// Writes the events of a stream: a text or a thought as it comes, a call when it is complete, and in the last one why each
/// candidate ends, and what was used.
#[derive(Debug)]
pub struct GeminiEncoder {
    context: AnswerContext,
    id: Option<JsonText>,
    choices: Vec<StreamedChoice>,
    open: Vec<KeptPart>,
    usage: Option<Usage>,
    blocked: bool,
}

impl GeminiEncoder {
    /// Of an answer to this request.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        let (choices, open) = (Vec::new(), Vec::new());
        Self { context, id: None, choices, open, usage: None, blocked: false }
    }

    fn choice(&mut self, index: u32) -> &mut StreamedChoice {
        let at = self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            let (signature, stop) = (None, None);
            self.choices.push(StreamedChoice { index, signature, stop, calls: false, spoke: false, plain: true });
            self.choices.len() - 1
        });
        #[allow(clippy::indexing_slicing)] // it was found there, or has just been put there
        &mut self.choices[at]
    }

    /// An event of one candidate, of which `write` writes the members.
    fn event(&self, write: impl FnOnce(&mut JsonWriter)) -> NewEvent {
        let mut out = JsonWriter::with_capacity(256);
        out.open().name("candidates").open_array().open();
        write(&mut out);
        out.close().close_array();
        answer::write_head(self.id.as_ref(), &self.context, &mut out);
        out.close();
        NewEvent { name: None, data: out.finish() }
    }

    /// An event of one part, which `write` writes.
    fn part(&mut self, index: u32, write: impl FnOnce(&mut JsonWriter)) -> NewEvent {
        self.choice(index).spoke = true;
        self.event(|out| {
            out.name("content").open().name("parts").open_array();
            write(out);
            out.close_array().name("role").string("model").close();
            out.name("index").number(index.into());
        })
    }

    /// An event of a text or a thought.
    fn text(&mut self, index: u32, text: &JsonText, thought: bool, signature: Option<&JsonText>) -> NewEvent {
        self.part(index, |out| {
            out.open().name("text").text(text);
            out.bool_member("thought", thought.then_some(true)).text_member("thoughtSignature", signature).close();
        })
    }

    fn open(&mut self, place: BlockPlace, start: BlockStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let kind = match start {
            BlockStart::Text | BlockStart::Refusal => PartKind::Text,
            BlockStart::Reasoning { .. } => PartKind::Thought,
            BlockStart::ToolUse { id, name, .. } => PartKind::Call { id, name, input: Vec::new(), whole: None },
            BlockStart::ServerTool(block) => self.whole(place, &block.raw, "server_tool", out, losses),
            BlockStart::Other(block) => self.whole(place, &block.raw, &block.kind, out, losses),
        };
        self.open.push(KeptPart { place, kind, signature: None, said: false });
    }

    /// A block that came whole: a part of Google's is written as it stood.
    fn whole(
        &mut self,
        place: BlockPlace,
        raw: &RawJson,
        named: &str,
        out: &mut Vec<NewEvent>,
        losses: &mut FieldLosses,
    ) -> PartKind {
        if proto::as_message(raw).is_some_and(|members| kind::is_part(&members)) {
            self.flush(place.choice, out);
            let event = self.part(place.choice, |out| {
                out.raw(raw);
            });
            out.push(event);
        } else {
            losses.lose_extra(WITHIN, named.as_bytes());
        }
        PartKind::Past
    }

    /// Writes a signature that waits for a part by itself.
    fn flush(&mut self, index: u32, out: &mut Vec<NewEvent>) {
        if let Some(signature) = self.choice(index).signature.take() {
            let event = self.text(index, &JsonText::EMPTY, false, Some(&signature));
            out.push(event);
        }
    }

    fn delta(&mut self, place: BlockPlace, delta: BlockDelta, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let Some(part) = self.open.iter_mut().rfind(|part| part.place == place) else { return };
        let index = place.choice;
        match delta {
            BlockDelta::Text(text) | BlockDelta::Refusal(text) => {
                part.said = true;
                let choice = self.choice(index);
                let escaped = text.escaped();
                choice.plain &= escaped.is_ascii() && memchr::memchr(b'\\', escaped).is_none();
                let signature = choice.signature.take();
                out.push(self.text(index, &text, false, signature.as_ref()));
            }
            BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => {
                part.said = true;
                out.push(self.text(index, &text, true, None));
            }
            BlockDelta::Signature(signature) => part.signature = Some(signature),
            BlockDelta::Input(text) => {
                if let PartKind::Call { input, .. } = &mut part.kind {
                    input.push(text);
                }
            }
            BlockDelta::WholeInput(raw) => {
                if let PartKind::Call { whole, .. } = &mut part.kind {
                    *whole = Some(raw);
                }
            }
            BlockDelta::Citation(note) => self.cite(index, &note, out, losses),
            BlockDelta::Logprobs(raw) => match tokens::result(&raw) {
                Some(result) => out.push(self.beside(index, "logprobsResult", &result)),
                None => losses.lose("choices.logprobs"),
            },
            BlockDelta::Other(_) => losses.lose(WITHIN),
        }
    }

    fn beside(&self, index: u32, name: &'static str, raw: &RawJson) -> NewEvent {
        self.event(|out| {
            out.name("index").number(index.into()).name(name).raw(raw);
        })
    }

    fn cite(&mut self, index: u32, note: &CitationNote, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let plain = self.choice(index).plain;
        let mut source = JsonWriter::default();
        if !answer::write_citation(note, |characters| plain.then_some(characters), &mut source) {
            losses.lose("choices.content.citations");
            return;
        }
        let source = source.finish_raw();
        out.push(self.event(|out| {
            out.name("index").number(index.into()).name("citationMetadata").open();
            out.name("citationSources").open_array().raw(&source).close_array().close();
        }));
    }

    fn close(&mut self, place: BlockPlace, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let Some(at) = self.open.iter().rposition(|part| part.place == place) else { return };
        let part = self.open.remove(at);
        let index = place.choice;
        match part.kind {
            PartKind::Text | PartKind::Past => {}
            PartKind::Thought => {
                let Some(own) = part.signature else { return };
                let value = signature::carried(&own);
                if part.said || !signature::is_own(&own) {
                    out.push(self.text(index, &JsonText::EMPTY, true, Some(&value)));
                } else {
                    // It is of what comes next.
                    self.flush(index, out);
                    self.choice(index).signature = Some(value);
                }
            }
            PartKind::Call { id, name, input, whole } => {
                let input = whole.map_or_else(|| ToolInput::Text(JsonText::concat(&input)), ToolInput::Json);
                let (args, wrapped) = input.to_object();
                if wrapped {
                    losses.lose("choices.content.arguments");
                }
                let choice = self.choice(index);
                choice.calls = true;
                let before = choice.signature.take();
                let signature = part.signature.as_ref().map(signature::carried).or(before);
                out.push(self.part(index, |out| {
                    out.open().name("functionCall").open().name("name").text(&name).name("args").raw(&args);
                    out.text_member("id", id.as_ref()).close();
                    out.text_member("thoughtSignature", signature.as_ref()).close();
                }));
            }
        }
    }

    fn end(&mut self, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let mut last = JsonWriter::with_capacity(512);
        last.open();
        let refused = self.blocked && self.choices.iter().all(|choice| !choice.spoke);
        if !refused {
            last.name("candidates").open_array();
            for choice in &self.choices {
                last.open().name("content").open().name("parts").open_array();
                last.open().name("text").string("").text_member("thoughtSignature", choice.signature.as_ref()).close();
                last.close_array().name("role").string("model").close();
                if let Some(end) = &choice.stop {
                    let word = stop::written(&end.word, end.kind, choice.calls);
                    last.text_member("finishReason", Some(&word));
                    last.text_member("finishMessage", end.details.as_ref().and_then(RawJson::text).as_ref());
                    if end.sequence.is_some() {
                        losses.lose("stop_sequence");
                    }
                }
                last.name("index").number(choice.index.into()).close();
            }
            last.close_array();
        }
        if let Some(used) = &self.usage {
            last.name("usageMetadata");
            usage::write(used, &mut last);
        }
        answer::write_head(self.id.as_ref(), &self.context, &mut last);
        last.close();
        out.push(NewEvent { name: None, data: last.finish() });
    }

    /// What only one wire has: Google's own is written as it stood.
    fn other(&mut self, named: &str, raw: &RawJson, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let members = raw.members();
        if named == BLOCKED {
            self.blocked = true;
            let mut event = JsonWriter::default();
            event.open().name(BLOCKED).raw(raw);
            answer::write_head(self.id.as_ref(), &self.context, &mut event);
            event.close();
            out.push(NewEvent { name: None, data: event.finish() });
        } else if members.len() == 2 && members.get(named).is_some() && members.get("index").is_some() {
            out.push(self.event(|out| {
                out.members(&members);
            }));
        } else {
            losses.lose_extra("", named.as_bytes());
        }
    }
}

impl EventEncoder for GeminiEncoder {
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        match event {
            ChatEvent::Start(start) => {
                self.id = start.id;
                losses.lose_extras("", &start.extra);
            }
            ChatEvent::Open(place, start) => self.open(place, start, out, losses),
            ChatEvent::Delta(place, delta) => self.delta(place, delta, out, losses),
            ChatEvent::Close(place) => self.close(place, out, losses),
            ChatEvent::Stop { choice, stop } => self.choice(choice).stop = Some(stop),
            ChatEvent::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().then(usage)),
            ChatEvent::Failed(said) => {
                let mut event = JsonWriter::default();
                failure::write(&said, &mut event);
                out.push(NewEvent { name: None, data: event.finish() });
            }
            ChatEvent::End => self.end(out, losses),
            ChatEvent::Beside(kind, raw) => self.other(&kind, &raw, out, losses),
            ChatEvent::Alive => {}
        }
    }

    fn held(&self) -> usize {
        self.open.iter().map(KeptPart::held).sum()
    }
}
