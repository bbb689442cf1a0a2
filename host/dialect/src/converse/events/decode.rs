//! Reads streams (`ConverseStreamOutput` in the service's description of itself). An event is called by its `:event-type`.
//!
//! Texts and thoughts open with their first delta, and some sources leave out the ends of blocks and the start of the message.
//! What was used may come before the end or not at all.

use weir_http::json::JsonKind;

use super::kept::KeptBlock;
use super::open::{OpenBlocks, OpenKind};
use crate::canon::{
    BlockDelta, BlockStart, ChatEvent, DecodeFault, EventDecoder, JsonText, RawJson, RawMembers, SignatureKind,
    StreamState, WireEvent,
};
use crate::converse::answer::stop;
use crate::converse::blocks::citations;
use crate::converse::usage;
use crate::errors;
use crate::translate::signatures;
use crate::wire::Vendor;

/// The status of a stream that has begun well.
const IN_STREAM: u16 = 200;

/// The members of events that are filled so that their length says nothing.
const PADDING: &str = "p";

/// Reads a stream of a model of this vendor's.
#[derive(Debug)]
pub struct ConverseDecoder {
    vendor: Vendor,
    blocks: OpenBlocks,
    phase: Phase,
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unstarted,
    Speaking,
    /// It was said why the answer ends: what was used may follow.
    Stopped,
    Failed,
    Finished,
}

impl ConverseDecoder {
    /// For a stream that begins.
    #[must_use]
    pub fn new(vendor: Vendor) -> Self {
        Self { vendor, blocks: OpenBlocks::new(vendor), phase: Phase::Unstarted }
    }

    fn start(&mut self, out: &mut Vec<ChatEvent>) {
        if self.phase == Phase::Unstarted {
            self.phase = Phase::Speaking;
            out.push(ChatEvent::Start(Box::default()));
        }
    }

    fn read(&mut self, name: &str, raw: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let mut members = raw.members();
        match name {
            "metadata" => self.metadata(members, out),
            // The first message of an event stream of AWS's (Smithy, "Initial messages").
            "initial-response" => out.push(ChatEvent::Alive),
            _ if self.phase == Phase::Stopped => {}
            "messageStart" => self.start(out),
            "contentBlockStart" => {
                self.start(out);
                let index = index(&mut members);
                if let Some(start) = members.take_members("start") {
                    self.block_start(index, start, out)?;
                }
            }
            "contentBlockDelta" => {
                self.start(out);
                let index = index(&mut members);
                if let Some(delta) = members.take_as("delta", |delta| Some(delta.clone())) {
                    self.delta(index, &delta, out)?;
                }
            }
            "contentBlockStop" => self.blocks.close(index(&mut members), out),
            "messageStop" => {
                self.start(out);
                self.message_stop(&mut members, out);
            }
            other => out.push(ChatEvent::Beside(other.into(), raw.clone())),
        }
        Ok(())
    }

    fn block_start(&mut self, index: u64, mut start: RawMembers, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if let Some(mut call) = start.take_members("toolUse") {
            if call.get("type").and_then(RawJson::text).is_some_and(|kind| kind.is("server_tool_use")) {
                return self.blocks.keep(index, KeptBlock::new("toolUse", call), out);
            }
            let due = DecodeFault::Field { field: "contentBlockStart.start.toolUse.name", due: "a string" };
            let (id, name) = (call.take_text("toolUseId"), call.take_text("name").ok_or(due)?);
            let start = BlockStart::ToolUse { id, item: None, name, custom: false };
            self.blocks.open(index, OpenKind::ToolUse, start, out)?;
            return Ok(());
        }
        let Some((name, value)) = start.iter().next() else { return Ok(()) };
        match name {
            // It opens with its first words.
            b"text" | b"reasoningContent" => Ok(()),
            name => self.blocks.keep(index, KeptBlock::new(&String::from_utf8_lossy(name), value.members()), out),
        }
    }

    fn delta(&mut self, index: u64, raw: &RawJson, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if self.blocks.grow_kept(index, raw)? {
            return Ok(());
        }
        let mut members = raw.members();
        if let Some(text) = members.take_text("text") {
            return self.grow(
                index,
                OpenKind::Text,
                Some(text).filter(|text| !text.is_empty()).map(BlockDelta::Text),
                out,
            );
        }
        if let Some(mut thought) = members.take_members("reasoningContent") {
            let text = thought.take_text("text").filter(|text| !text.is_empty()).map(BlockDelta::Reasoning);
            self.grow(index, OpenKind::Reasoning, text, out)?;
            let value = thought.take_text("signature").filter(|value| !value.is_empty());
            let signature = value.map(|value| signatures::read(&value, self.vendor, SignatureKind::Signature));
            self.grow(index, OpenKind::Reasoning, signature.map(BlockDelta::Signature), out)?;
            if let Some(piece) = thought.take_text("redactedContent").filter(|piece| !piece.is_empty()) {
                self.blocks.ensure(index, OpenKind::Reasoning, || BlockStart::Reasoning { id: None }, out)?;
                self.blocks.hide(index, &piece)?;
            }
            return Ok(());
        }
        if let Some(mut call) = members.take_members("toolUse") {
            return self.input(index, call.take("input"), out);
        }
        if let Some(note) = members.take("citation") {
            return self.grow(index, OpenKind::Text, Some(BlockDelta::Citation(citations::note(note))), out);
        }
        match self.blocks.find(index) {
            Some(place) => out.push(ChatEvent::Delta(place, BlockDelta::Other(raw.clone()))),
            None => out.push(ChatEvent::Beside("contentBlockDelta".into(), raw.clone())),
        }
        Ok(())
    }

    /// A block grows, and opens if it is none yet.
    fn grow(
        &mut self,
        index: u64,
        kind: OpenKind,
        delta: Option<BlockDelta>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), DecodeFault> {
        let Some(delta) = delta else { return Ok(()) };
        let start = || if kind == OpenKind::Reasoning { BlockStart::Reasoning { id: None } } else { BlockStart::Text };
        let place = self.blocks.ensure(index, kind, start, out)?;
        out.push(ChatEvent::Delta(place, delta));
        Ok(())
    }

    /// Arguments of a call: pieces of text; a whole value is taken as well.
    fn input(&mut self, index: u64, input: Option<RawJson>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        let Some(input) = input else { return Ok(()) };
        let due = DecodeFault::Field { field: "contentBlockIndex", due: "that of an open block" };
        let place = self.blocks.find(index).ok_or(due)?;
        let delta = match input.text() {
            Some(text) if text.is_empty() => return Ok(()),
            Some(text) => BlockDelta::Input(text),
            None => BlockDelta::WholeInput(input),
        };
        out.push(ChatEvent::Delta(place, delta));
        Ok(())
    }

    fn message_stop(&mut self, members: &mut RawMembers, out: &mut Vec<ChatEvent>) {
        self.blocks.close_all(out);
        let word = members.take_text("stopReason").unwrap_or_else(|| JsonText::of("end_turn"));
        let stop = stop::read(word, members.get("additionalModelResponseFields"));
        out.push(ChatEvent::Stop { choice: 0, stop });
        self.phase = Phase::Stopped;
    }

    /// What was used; what else is told there, but for how long it took, stands beside it.
    fn metadata(&mut self, mut members: RawMembers, out: &mut Vec<ChatEvent>) {
        self.start(out);
        if let Some(mut used) = members.take_members("usage") {
            out.push(ChatEvent::Usage(usage::take(&mut used)));
        }
        members.take("metrics");
        members.take(PADDING);
        if !members.is_empty() {
            out.push(ChatEvent::Beside("metadata".into(), crate::converse::rest::object(&members)));
        }
    }
}

fn index(members: &mut RawMembers) -> u64 {
    members.take_unsigned("contentBlockIndex").unwrap_or_default()
}

impl EventDecoder for ConverseDecoder {
    fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), DecodeFault> {
        if matches!(self.phase, Phase::Failed | Phase::Finished) {
            return Ok(());
        }
        if event.exception {
            self.phase = Phase::Failed;
            out.push(ChatEvent::Failed(Box::new(errors::read(IN_STREAM, event.name, &event.data))));
            return Ok(());
        }
        let raw = RawJson::parse(event.data.clone())?;
        if raw.kind() != JsonKind::Object {
            return Err(DecodeFault::Field { field: "payload", due: "an object" });
        }
        if let Some(name) = event.name {
            return self.read(name, &raw, out);
        }
        // Without its framing an event is a union: `{"contentBlockDelta":{…}}`.
        let members = raw.members();
        let Some((name, payload)) = members.iter().find(|(name, _)| *name != PADDING.as_bytes()) else { return Ok(()) };
        self.read(&String::from_utf8_lossy(name), payload, out)
    }

    fn finish(&mut self, clean: bool, out: &mut Vec<ChatEvent>) -> StreamState {
        let phase = std::mem::replace(&mut self.phase, Phase::Finished);
        match phase {
            Phase::Failed => StreamState::Failed,
            Phase::Stopped if clean => {
                out.push(ChatEvent::End);
                StreamState::Whole
            }
            Phase::Unstarted | Phase::Speaking | Phase::Stopped | Phase::Finished => {
                self.blocks.close_all(out);
                StreamState::Broken
            }
        }
    }
}
