//! One candidate of a stream: what is open of it, and why it will end.

use super::arguments::PartialArguments;
use crate::canon::{
    BlockDelta, BlockPlace, BlockStart, ChatEvent, ChatStop, ContentBlock, DecodeFault, JsonText, OtherBlock, RawJson,
    RawMembers, ReasoningBlock, ThoughtSignature,
};
use crate::gemini::{kind, part, proto, signature, stop};

/// One candidate.
#[derive(Debug)]
pub(super) struct StreamedCandidate {
    pub(super) index: u32,
    /// The number of the block that opens next.
    next: u32,
    open: Option<OpenBlock>,
    /// Its text has as many bytes as characters.
    plain: bool,
    calls: bool,
    /// The reason in the last event that had one: old models said it in all.
    reason: Option<(JsonText, Option<RawJson>)>,
}

#[derive(Debug)]
enum OpenBlock {
    Text(BlockPlace),
    Thought(BlockPlace),
    Call(BlockPlace, PartialArguments),
}

impl StreamedCandidate {
    pub(super) fn new(index: u32) -> Self {
        Self { index, next: 0, open: None, plain: true, calls: false, reason: None }
    }

    /// Whether it has said why it ends.
    pub(super) fn is_ended(&self) -> bool {
        self.reason.is_some()
    }

    /// Why it ends.
    pub(super) fn stop(&self) -> Option<ChatStop> {
        let (word, details) = self.reason.clone()?;
        Some(ChatStop { kind: stop::kind(&word, self.calls), word, sequence: None, details })
    }

    /// Whether places in its text are the same in bytes and in characters.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The text that is open.
    pub(super) fn open_text(&self) -> Option<BlockPlace> {
        match &self.open {
            Some(OpenBlock::Text(place)) => Some(*place),
            _ => None,
        }
    }

    /// Takes out why it ends, if that is said.
    pub(super) fn take_reason(&mut self, members: &mut RawMembers) {
        let reason = members.take("finishReason").as_ref().and_then(stop::word);
        let details = members.take("finishMessage");
        if let Some(word) = reason {
            self.reason = Some((word, details));
        }
    }

    /// The next part.
    pub(super) fn part(
        &mut self,
        raw: &RawJson,
        blocks: &mut Vec<ContentBlock>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        let Some(mut members) = proto::as_message(raw) else { return Ok(()) };
        if let Some(call) = proto::take_message(&mut members, "functionCall") {
            let signature = signature::take(&mut members);
            return self.call(call, signature, raw, out);
        }
        blocks.clear();
        part::read_members(raw, members, blocks);
        for block in blocks.drain(..) {
            self.block(block, raw, out);
        }
        Ok(())
    }

    fn block(&mut self, block: ContentBlock, raw: &RawJson, out: &mut Vec<ChatEvent>) {
        match block {
            // Quirk 61: an empty part says nothing.
            ContentBlock::Text(block) if block.text.is_empty() => {}
            ContentBlock::Text(block) => {
                self.plain &= block.text.escaped().is_ascii() && memchr::memchr(b'\\', block.text.escaped()).is_none();
                let place = match self.open {
                    Some(OpenBlock::Text(place)) => place,
                    _ => {
                        let place = self.open(BlockStart::Text, out);
                        self.open = Some(OpenBlock::Text(place));
                        place
                    }
                };
                out.push(ChatEvent::Delta(place, BlockDelta::Text(block.text)));
            }
            ContentBlock::Reasoning(thought) => self.thought(thought, out),
            ContentBlock::ServerTool(block) => self.whole(BlockStart::ServerTool(block), out),
            ContentBlock::Other(block) => self.whole(BlockStart::Other(block), out),
            // Images and the like, which no event shows.
            _ => {
                let kind = kind::name(&proto::members(raw));
                self.whole(BlockStart::Other(OtherBlock { kind, raw: raw.clone() }), out);
            }
        }
    }

    fn thought(&mut self, thought: ReasoningBlock, out: &mut Vec<ChatEvent>) {
        let goes_on = !thought.text.is_empty() || thought.extra.get("thought").and_then(RawJson::is_true) == Some(true);
        let place = match self.open {
            Some(OpenBlock::Thought(place)) if goes_on => place,
            _ => self.open(BlockStart::Reasoning { id: None }, out),
        };
        self.open = Some(OpenBlock::Thought(place));
        for text in thought.text.into_iter().filter(|text| !text.is_empty()) {
            out.push(ChatEvent::Delta(place, BlockDelta::Reasoning(text)));
        }
        if let Some(signature) = thought.signature {
            out.push(ChatEvent::Delta(place, BlockDelta::Signature(signature)));
            self.close(true, out);
        }
    }

    /// A call, whole or a piece of one: what names a tool begins one, and what does not say that it goes on ends it.
    fn call(
        &mut self,
        mut call: RawMembers,
        signature: Option<ThoughtSignature>,
        raw: &RawJson,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        if let Some(name) = call.take_text("name") {
            let id = call.take_text("id");
            let place = self.open(BlockStart::ToolUse { id, item: None, name, custom: false }, out);
            self.calls = true;
            self.open = Some(OpenBlock::Call(place, PartialArguments::of(call.take("args"))));
        }
        let Some(OpenBlock::Call(place, arguments)) = &mut self.open else {
            if !call.is_empty() {
                let kind = kind::name(&proto::members(raw));
                self.whole(BlockStart::Other(OtherBlock { kind, raw: raw.clone() }), out);
            }
            return Ok(());
        };
        if let Some(signature) = signature {
            out.push(ChatEvent::Delta(*place, BlockDelta::Signature(signature)));
        }
        for piece in call.take_elements("partialArgs").iter().flatten() {
            arguments.put(piece)?;
        }
        if call.take_bool("willContinue") != Some(true) {
            self.close(true, out);
        }
        Ok(())
    }

    /// Opens a block behind the one that is open.
    fn open(&mut self, start: BlockStart, out: &mut Vec<ChatEvent>) -> BlockPlace {
        self.close(true, out);
        let place = BlockPlace { choice: self.index, block: self.next };
        self.next = self.next.wrapping_add(1);
        out.push(ChatEvent::Open(place, start));
        place
    }

    /// A block that is complete as it opens.
    fn whole(&mut self, start: BlockStart, out: &mut Vec<ChatEvent>) {
        let place = self.open(start, out);
        out.push(ChatEvent::Close(place));
    }

    /// Closes what is open. Arguments are told if they are all that there will be.
    pub(super) fn close(&mut self, complete: bool, out: &mut Vec<ChatEvent>) {
        let place = match self.open.take() {
            None => return,
            Some(OpenBlock::Text(place) | OpenBlock::Thought(place)) => place,
            Some(OpenBlock::Call(place, arguments)) => {
                if complete {
                    out.push(ChatEvent::Delta(place, BlockDelta::WholeInput(arguments.finish())));
                }
                place
            }
        };
        out.push(ChatEvent::Close(place));
    }
}
