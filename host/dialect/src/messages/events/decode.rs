//! Events of this wire, read.

use super::open::{MOST_INPUT, OpenBlock};
use crate::canon::{
    AnswerStart, BlockDelta, BlockStart, ChatEvent, ChatStop, DecodeFault, EventDecoder, JsonText, RawJson, RawMembers,
    SignatureKind, StopKind, StreamState, WireEvent,
};
use crate::errors;
use crate::messages::content::notes;
use crate::messages::stop;
use crate::messages::usage::MessageCounts;
use crate::translate::signatures;
use crate::wire::Vendor;

/// Blocks that may be open at once. Anthropic opens one after the other; others that speak its wire need not.
const MOST_OPEN: usize = 64;

/// Reads a stream of messages. What comes behind the first end is none of it.
#[derive(Debug, Default)]
pub struct MessagesDecoder {
    open: Vec<OpenBlock>,
    next: u32,
    counts: MessageCounts,
    started: bool,
    stopped: bool,
    state: Option<StreamState>,
}

impl MessagesDecoder {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn start(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.started {
            return Err(DecodeFault::Field { field: "message_start", due: "said once" });
        }
        let Some(mut message) = members.get("message").map(RawJson::members) else {
            return Err(DecodeFault::Field { field: "message", due: "an object" });
        };
        self.started = true;
        let mut start = AnswerStart {
            id: message.take_text("id").filter(|id| !id.is_empty()),
            model: message.take_text("model").filter(|model| !model.is_empty()),
            ..AnswerStart::default()
        };
        let usage = message.take_members("usage").map(|mut usage| {
            start.service_tier = usage.take_text("service_tier");
            MessageCounts::take(&mut usage)
        });
        let content = message.take_elements("content").unwrap_or_default();
        for same_in_all in ["type", "role", "stop_reason", "stop_sequence"] {
            message.take_as(same_in_all, |_| Some(()));
        }
        start.extra = message;
        out.push(ChatEvent::Start(Box::new(start)));
        if let Some(counts) = usage {
            self.count(counts, out);
        }
        // Blocks that the start brings are whole.
        for block in &content {
            OpenBlock::of(0, block, &mut self.next, out).close(&mut self.next, out);
        }
        Ok(())
    }

    fn count(&mut self, counts: MessageCounts, out: &mut Vec<ChatEvent>) {
        self.counts = self.counts.then(counts);
        out.push(ChatEvent::Usage(self.counts.usage()));
    }

    fn block_start(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let index = index(members)?;
        let Some(block) = members.get("content_block") else {
            return Err(DecodeFault::Field { field: "content_block", due: "an object" });
        };
        // Nothing but calls of tools may be open beside one another.
        let kind = block.members().get("type").and_then(RawJson::text);
        let is_call = kind.is_some_and(|kind| kind.is("tool_use"));
        let closed: Vec<u64> = self
            .open
            .iter()
            .filter(|open| !is_call || !open.is_call() || open.index == index)
            .map(|open| open.index)
            .collect();
        for index in closed {
            self.close(index, out);
        }
        self.has_room()?;
        let opened = OpenBlock::of(index, block, &mut self.next, out);
        self.open.push(opened);
        Ok(())
    }

    fn has_room(&self) -> Result<(), DecodeFault> {
        if self.open.len() >= MOST_OPEN {
            return Err(DecodeFault::TooMany { what: "open blocks", most: MOST_OPEN });
        }
        Ok(())
    }

    fn delta(&mut self, members: &RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let index = index(members)?;
        let Some(raw) = members.get("delta") else {
            return Err(DecodeFault::Field { field: "delta", due: "an object" });
        };
        let Some(delta) = delta(raw) else { return Ok(()) };
        let at = match self.open.iter().position(|block| block.index == index) {
            Some(at) => at,
            None => {
                let start = match delta {
                    BlockDelta::Text(_) => BlockStart::Text,
                    BlockDelta::Reasoning(_) => BlockStart::Reasoning { id: None },
                    _ => return Err(DecodeFault::Field { field: "index", due: "that of an open block" }),
                };
                self.close_all(out);
                self.open.push(OpenBlock::implied(index, start, &mut self.next, out));
                self.open.len() - 1
            }
        };
        if self.open.get_mut(at).is_some_and(|block| block.grow(delta, out)) {
            return Err(DecodeFault::TooMany { what: "bytes of arguments", most: MOST_INPUT });
        }
        Ok(())
    }

    fn close(&mut self, index: u64, out: &mut Vec<ChatEvent>) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            self.open.remove(at).close(&mut self.next, out);
        }
    }

    fn close_all(&mut self, out: &mut Vec<ChatEvent>) {
        for block in std::mem::take(&mut self.open) {
            block.close(&mut self.next, out);
        }
    }

    fn message_delta(&mut self, mut members: RawMembers, out: &mut Vec<ChatEvent>) {
        let mut delta = members.take_members("delta").unwrap_or_default();
        if let Some(stop) = stop::take(&mut delta) {
            self.stop(stop, out);
        }
        if let Some(mut usage) = members.take_members("usage") {
            self.count(MessageCounts::take(&mut usage), out);
        }
        members.take("type");
        for (name, value) in delta.iter().chain(members.iter()).filter(|(_, value)| !value.is_null()) {
            out.push(ChatEvent::Beside(String::from_utf8_lossy(name).into(), value.clone()));
        }
    }

    fn stop(&mut self, stop: ChatStop, out: &mut Vec<ChatEvent>) {
        if !self.stopped {
            self.close_all(out);
            self.stopped = true;
            out.push(ChatEvent::Stop { choice: 0, stop });
        }
    }

    fn end(&mut self, out: &mut Vec<ChatEvent>) {
        self.close_all(out);
        let end = ChatStop { kind: StopKind::End, word: JsonText::of("end_turn"), sequence: None, details: None };
        self.stop(end, out);
        self.state = Some(StreamState::Whole);
        out.push(ChatEvent::End);
    }
}

impl EventDecoder for MessagesDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        // Some that speak this wire end it as OpenAI does.
        if self.state.is_some() || event.data.as_ref() == b"[DONE]" {
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        let members = raw.members();
        let kind = members.get("type").and_then(RawJson::text);
        let named = kind.as_ref().map(JsonText::text);
        match named.as_deref().or(event.name) {
            Some("content_block_delta") => self.delta(&members, out)?,
            Some("content_block_start") => self.block_start(&members, out)?,
            Some("content_block_stop") => self.close(index(&members)?, out),
            Some("message_start") => self.start(&members, out)?,
            Some("message_delta") => self.message_delta(members, out),
            Some("message_stop") if !self.started => {
                return Err(DecodeFault::Field { field: "message_start", due: "said before message_stop" });
            }
            // Some that joined several answers left it out; where nothing was said either it is no answer.
            Some("message_stop") if !self.stopped && self.next == 0 => {
                return Err(DecodeFault::Field { field: "message_delta", due: "said before message_stop" });
            }
            Some("message_stop") => self.end(out),
            Some("ping") => out.push(ChatEvent::Alive),
            Some("error") => {
                self.close_all(out);
                self.state = Some(StreamState::Failed);
                out.push(ChatEvent::Failed(Box::new(errors::read(200, event.name, &event.data))));
            }
            Some(other) => out.push(ChatEvent::Beside(other.into(), raw.clone())),
            None => return Err(DecodeFault::Field { field: "type", due: "a string" }),
        }
        Ok(())
    }

    fn finish(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        if let Some(state) = self.state {
            return state;
        }
        if self.stopped && clean {
            self.end(out);
            return StreamState::Whole;
        }
        self.close_all(out);
        self.state = Some(StreamState::Broken);
        StreamState::Broken
    }
}

fn index(members: &RawMembers) -> Result<u64, DecodeFault> {
    let index = members.get("index").and_then(RawJson::unsigned);
    index.ok_or(DecodeFault::Field { field: "index", due: "a number" })
}

/// What a block grows by; none if it is nothing.
fn delta(raw: &RawJson) -> Option<BlockDelta> {
    let mut members = raw.members();
    let kind = members.get("type").and_then(RawJson::text)?;
    let mut text = |name| members.take_text(name).filter(|text| !text.is_empty());
    match kind.text().as_ref() {
        "text_delta" => text("text").map(BlockDelta::Text),
        "input_json_delta" => text("partial_json").map(BlockDelta::Input),
        "thinking_delta" => text("thinking").map(BlockDelta::Reasoning),
        "signature_delta" => {
            let signature = text("signature")?;
            Some(BlockDelta::Signature(signatures::read(&signature, Vendor::Anthropic, SignatureKind::Signature)))
        }
        "citations_delta" => members.take("citation").map(|raw| BlockDelta::Citation(notes::citation(raw))),
        _ => Some(BlockDelta::Other(raw.clone())),
    }
}
