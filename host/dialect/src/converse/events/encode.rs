//! Writes streams. Blocks are written one behind the other, as Bedrock does: clients put pieces together by the block that is open.
//! Calls that grow at the same time wait for each other.

use std::collections::VecDeque;

use weir_usage::Usage;

use super::block::{BlockNumbers, NewBlock};
use super::out;
use crate::canon::{
    AnswerContext, BlockDelta, BlockPlace, BlockStart, ChatEvent, EventEncoder, FieldLosses, JsonText, NewEvent,
    RawMembers,
};
use crate::converse::vendor_of_model;
use crate::errors;
use crate::translate::ids;
use crate::wire::WireFormat;

/// The status of a stream that has begun well.
const IN_STREAM: u16 = 200;

/// Writes a stream. Events whose name ends in `Exception` are exceptions to their framing.
#[derive(Debug)]
pub struct ConverseEncoder {
    context: AnswerContext,
    numbers: BlockNumbers,
    current: Option<(BlockPlace, NewBlock)>,
    waiting: VecDeque<WaitingBlock>,
    calls: usize,
    usage: Usage,
    /// What stands beside what was used.
    beside: RawMembers,
    started: bool,
    ended: bool,
}

/// A block that waits for its turn.
#[derive(Debug)]
struct WaitingBlock {
    place: BlockPlace,
    start: BlockStart,
    deltas: Vec<BlockDelta>,
    closed: bool,
}

impl ConverseEncoder {
    /// For an answer to this request.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        Self {
            numbers: BlockNumbers { vendor: vendor_of_model(&context.model), next: 0 },
            context,
            current: None,
            waiting: VecDeque::new(),
            calls: 0,
            usage: Usage::default(),
            beside: RawMembers::default(),
            started: false,
            ended: false,
        }
    }

    fn start(&mut self, out: &mut Vec<NewEvent>) {
        if !self.started {
            self.started = true;
            out.push(out::message_start());
        }
    }

    fn open(&mut self, place: BlockPlace, start: BlockStart, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.current.is_some() {
            self.waiting.push_back(WaitingBlock { place, start, deltas: Vec::new(), closed: false });
            return;
        }
        let (id, call) = (self.context.id, self.calls);
        if matches!(start, BlockStart::ToolUse { .. }) {
            self.calls += 1;
        }
        let made = || ids::made(id, call);
        self.current = Some((place, NewBlock::open(start, &mut self.numbers, made, out, losses)));
    }

    fn grow(&mut self, place: BlockPlace, delta: BlockDelta, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        match &mut self.current {
            Some((current, block)) if *current == place => block.grow(&delta, &mut self.numbers, out, losses),
            _ => {
                if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.place == place) {
                    waiting.deltas.push(delta);
                }
            }
        }
    }

    fn close(&mut self, place: BlockPlace, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        match self.current.take() {
            Some((current, block)) if current == place => {
                block.close(&mut self.numbers, out);
                self.go_on(out, losses);
            }
            other => {
                self.current = other;
                if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.place == place) {
                    waiting.closed = true;
                }
            }
        }
    }

    /// The blocks that have waited, up to one that is not complete.
    fn go_on(&mut self, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        while self.current.is_none()
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.open(waiting.place, waiting.start, out, losses);
            for delta in waiting.deltas {
                self.grow(waiting.place, delta, out, losses);
            }
            if waiting.closed
                && let Some((_, block)) = self.current.take()
            {
                block.close(&mut self.numbers, out);
            }
        }
    }

    /// All blocks that are still open, whoever forgot to close them.
    fn close_all(&mut self, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        while let Some((place, _)) = &self.current {
            let place = *place;
            self.close(place, out, losses);
        }
    }
}

impl EventEncoder for ConverseEncoder {
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.ended {
            return;
        }
        match event {
            ChatEvent::Open(BlockPlace { choice: 1.., .. }, _) | ChatEvent::Stop { choice: 1.., .. } => {
                losses.lose("choices");
            }
            ChatEvent::Start(_) => self.start(out),
            ChatEvent::Open(place, start) => {
                self.start(out);
                self.open(place, start, out, losses);
            }
            ChatEvent::Delta(place, delta) => self.grow(place, delta, out, losses),
            ChatEvent::Close(place) => self.close(place, out, losses),
            ChatEvent::Stop { stop, .. } => {
                self.start(out);
                self.close_all(out, losses);
                out.push(out::message_stop(&stop));
            }
            ChatEvent::Usage(usage) => self.usage = self.usage.then(usage),
            ChatEvent::Failed(failure) => {
                self.ended = true;
                let kind = errors::kind_of(IN_STREAM, &failure);
                out.push(errors::event(WireFormat::Converse, IN_STREAM, kind, &failure, 0));
            }
            ChatEvent::End => {
                self.ended = true;
                out.push(out::metadata(&self.usage, &self.beside));
            }
            ChatEvent::Beside(kind, raw) if &*kind == "metadata" => self.beside = raw.members(),
            ChatEvent::Beside(kind, _) => losses.lose_extra("", kind.as_bytes()),
            ChatEvent::Alive => {}
        }
    }

    fn held(&self) -> usize {
        let size = |delta: &BlockDelta| match delta {
            BlockDelta::Text(text)
            | BlockDelta::Refusal(text)
            | BlockDelta::Reasoning(text)
            | BlockDelta::Summary(text, _)
            | BlockDelta::Input(text) => text.token().len(),
            BlockDelta::WholeInput(raw) | BlockDelta::Logprobs(raw) | BlockDelta::Other(raw) => raw.bytes().len(),
            BlockDelta::Signature(signature) => JsonText::token(&signature.value).len(),
            BlockDelta::Citation(note) => note.raw.bytes().len(),
        };
        self.waiting.iter().flat_map(|waiting| &waiting.deltas).map(size).sum()
    }
}
