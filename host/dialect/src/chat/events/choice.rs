//! A choice of a stream, read.

use super::blocks::{ChoiceSink, SaidBlock, TextKind};
use super::calls::CallStreams;
use crate::canon::{
    BlockDelta, BlockStart, ChatEvent, ChatStop, ContentBlock, DecodeFault, JsonText, RawJson, RawMembers,
    SignatureKind, ThoughtSignature,
};
use crate::chat::{citations, parts, stop, thoughts};

/// One of the answers, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct ChoiceStream {
    pub(super) index: u32,
    /// The block that is open and no call.
    open: Option<SaidBlock>,
    /// The number of the next block.
    next: u32,
    calls: CallStreams,
    /// Why it ends. It is told with the end of the stream, for some say it before the last call.
    word: Option<JsonText>,
    /// Which member says the thoughts, where several say the same.
    source: Option<usize>,
}

impl ChoiceStream {
    pub(super) fn new(index: u32) -> Self {
        Self { index, ..Self::default() }
    }

    /// Whether it has said why it ends.
    pub(super) fn is_stopped(&self) -> bool {
        self.word.is_some()
    }

    /// Reads what an event says of it.
    pub(super) fn take(&mut self, choice: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        // Who streams what was made whole writes a message.
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        if let Some(delta) = delta {
            self.take_delta(&delta.members(), out)?;
        }
        if let Some(raw) = choice.get("logprobs").filter(|raw| says_tokens(raw))
            && let Some(open) = self.open
        {
            self.sink(out).delta(open.block, BlockDelta::Logprobs(raw.clone()));
        }
        if let Some(word) = choice.get("finish_reason").and_then(RawJson::text).filter(|word| !word.is_empty()) {
            self.word.get_or_insert(word);
        }
        Ok(())
    }

    fn take_delta(&mut self, delta: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        self.take_thoughts(delta, out);
        if let Some(content) = delta.get("content") {
            self.take_content(content, out);
        }
        if let Some(text) = delta.get("refusal").and_then(RawJson::text) {
            self.say(TextKind::Refusal, BlockDelta::Refusal, text, out);
        }
        let calls = delta.get("tool_calls").map(RawJson::elements).unwrap_or_default();
        for (at, call) in (0..).zip(&calls) {
            let Self { index, open, next, calls, .. } = self;
            calls.take(at, call, &mut ChoiceSink { choice: *index, open, next, out })?;
        }
        if let Some(call) = delta.get("function_call") {
            let Self { index, open, next, calls, .. } = self;
            calls.take_only(call, &mut ChoiceSink { choice: *index, open, next, out })?;
        }
        let notes = delta.get("annotations").map(RawJson::elements).unwrap_or_default();
        for note in notes.iter().filter_map(citations::read) {
            let block = self.opened(TextKind::Text, out);
            self.sink(out).delta(block, BlockDelta::Citation(note));
        }
        Ok(())
    }

    fn take_content(&mut self, content: &RawJson, out: &mut Vec<ChatEvent>) {
        if let Some(text) = content.text() {
            return self.say(TextKind::Text, BlockDelta::Text, text, out);
        }
        for block in parts::read_all(content) {
            match block {
                ContentBlock::Text(part) => self.say(TextKind::Text, BlockDelta::Text, part.text, out),
                ContentBlock::Refusal(part) => self.say(TextKind::Refusal, BlockDelta::Refusal, part.text, out),
                ContentBlock::Reasoning(part) => part.text.into_iter().for_each(|text| {
                    self.say(TextKind::Thoughts, BlockDelta::Reasoning, text, out);
                }),
                ContentBlock::Other(part) => out.push(ChatEvent::Beside(part.kind, part.raw)),
                _ => {}
            }
        }
    }

    fn take_thoughts(&mut self, delta: &RawMembers, out: &mut Vec<ChatEvent>) {
        for (source, name) in thoughts::TEXTS.into_iter().enumerate() {
            let text = delta.get(name).and_then(RawJson::text).filter(|text| !text.is_empty());
            if let Some(text) = text.filter(|_| self.is_source(source)) {
                self.say(TextKind::Thoughts, BlockDelta::Reasoning, text, out);
            }
        }
        let Some(details) = delta.get(thoughts::DETAILS) else { return };
        for entry in details.elements() {
            let detail = thoughts::detail(&entry);
            if let Some(text) = detail.text.filter(|_| self.is_source(thoughts::TEXTS.len())) {
                self.say(TextKind::Thoughts, BlockDelta::Reasoning, text, out);
            }
            if let Some(text) = detail.summary.filter(|_| self.is_source(thoughts::TEXTS.len())) {
                self.say(TextKind::Thoughts, |text| BlockDelta::Summary(text, false), text, out);
            }
            if let Some(signature) = detail.signature {
                self.sign(signature, out);
            }
        }
    }

    fn is_source(&mut self, source: usize) -> bool {
        *self.source.get_or_insert(source) == source
    }

    /// A signature belongs to the thoughts before it, unless those have one, or it is all that is shown of a thought.
    fn sign(&mut self, signature: ThoughtSignature, out: &mut Vec<ChatEvent>) {
        if signature.kind == SignatureKind::Redacted {
            self.sink(out).close_text();
        }
        let block = self.opened(TextKind::Thoughts, out);
        self.sink(out).delta(block, BlockDelta::Signature(signature));
        if let Some(open) = &mut self.open {
            open.is_signed = true;
        }
    }

    fn say(&mut self, kind: TextKind, delta: fn(JsonText) -> BlockDelta, text: JsonText, out: &mut Vec<ChatEvent>) {
        if !text.is_empty() {
            let block = self.opened(kind, out);
            self.sink(out).delta(block, delta(text));
        }
    }

    /// The open block of this kind, which opens if there is none.
    fn opened(&mut self, kind: TextKind, out: &mut Vec<ChatEvent>) -> u32 {
        if let Some(open) = self.open.filter(|open| open.kind == kind && !open.is_signed) {
            return open.block;
        }
        self.close_blocks(out);
        let block = self.sink(out).open(match kind {
            TextKind::Text => BlockStart::Text,
            TextKind::Refusal => BlockStart::Refusal,
            TextKind::Thoughts => BlockStart::Reasoning { id: None },
        });
        self.open = Some(SaidBlock { kind, block, is_signed: false });
        block
    }

    /// Closes what is open.
    pub(super) fn close_blocks(&mut self, out: &mut Vec<ChatEvent>) {
        let Self { index, open, next, calls, .. } = self;
        let mut sink = ChoiceSink { choice: *index, open, next, out };
        sink.close_text();
        calls.close(&mut sink);
    }

    /// The end: what is open is closed, and why it ends is told.
    pub(super) fn end(&mut self, out: &mut Vec<ChatEvent>) {
        self.close_blocks(out);
        let calls = self.calls.any();
        let stop: ChatStop = stop::read(self.word.take().unwrap_or_else(|| JsonText::of("stop")), calls);
        out.push(ChatEvent::Stop { choice: self.index, stop });
    }

    fn sink<'a>(&'a mut self, out: &'a mut Vec<ChatEvent>) -> ChoiceSink<'a> {
        ChoiceSink { choice: self.index, open: &mut self.open, next: &mut self.next, out }
    }
}

/// Whether any token's probability is told.
fn says_tokens(raw: &RawJson) -> bool {
    raw.members()
        .iter()
        .any(|(_, value)| value.kind() == weir_http::json::JsonKind::Array && !value.elements().is_empty())
}
