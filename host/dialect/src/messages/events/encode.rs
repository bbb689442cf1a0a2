//! Events of any wire, written for clients of this one.

use weir_usage::Usage;

use super::held::WaitingBlocks;
use super::lines;
use super::written::{EventOut, WrittenBlock};
use crate::canon::{
    AnswerContext, AnswerStart, BlockPlace, BlockStart, ChatEvent, ChatStop, EventEncoder, FieldLosses, JsonText,
    JsonWriter, NewEvent,
};
use crate::errors;
use crate::messages::answer::message_id;
use crate::messages::stop::{self, StopSigns};
use crate::messages::usage::MessageCounts;
use crate::translate::ids::{self, ToolIdGrammar};
use crate::wire::WireFormat;

/// Writes a stream of messages: one block after the other, whatever order their pieces come in, and at the end why it ends and what
/// was used.
#[derive(Debug)]
pub struct MessagesEncoder {
    context: AnswerContext,
    started: bool,
    ended: bool,
    /// The number of the next block.
    next: u32,
    calls: usize,
    open: Option<WrittenBlock>,
    waiting: WaitingBlocks,
    usage: Usage,
    stop: Option<ChatStop>,
    signs: StopSigns,
}

impl MessagesEncoder {
    /// For an answer to this request.
    #[must_use]
    pub fn new(context: AnswerContext) -> Self {
        Self {
            context,
            started: false,
            ended: false,
            next: 0,
            calls: 0,
            open: None,
            waiting: WaitingBlocks::default(),
            usage: Usage::default(),
            stop: None,
            signs: StopSigns::default(),
        }
    }

    fn start(&mut self, start: &AnswerStart, out: &mut Vec<NewEvent>) {
        if self.started {
            return;
        }
        self.started = true;
        let mut event = JsonWriter::with_capacity(320);
        event.open().name("type").string("message_start").name("message").open().name("id");
        match &start.id {
            Some(id) => event.text(id),
            None => event.text(&message_id(self.context.id)),
        };
        event.name("type").string("message").name("role").string("assistant");
        event.name("model").string(&self.context.model).name("content").open_array().close_array();
        event.name("stop_reason").null().name("stop_sequence").null().name("usage").open();
        // What is not known yet is said at the end.
        MessageCounts::of(&self.usage).whole().write(&mut event);
        event.close().close().close();
        out.push(lines::event("message_start", event));
        out.push(lines::bare("ping"));
    }

    /// An event of a block: now, if it is that block's turn.
    fn of_block(&mut self, place: BlockPlace, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if place.choice != 0 {
            losses.lose("choices");
            return;
        }
        self.start(&AnswerStart::default(), out);
        if self.open.as_ref().is_some_and(|open| open.place() != place) {
            self.waiting.keep(place, event);
            return;
        }
        self.write(event, out, losses);
        self.go_on(out, losses);
    }

    /// Writes what waits, as far as its turn has come.
    fn go_on(&mut self, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        while self.open.is_none() {
            let Some(events) = self.waiting.next() else { return };
            for event in events {
                self.write(event, out, losses);
            }
        }
    }

    fn write(&mut self, event: ChatEvent, events: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        let mut out = EventOut { next: &mut self.next, events, losses };
        match event {
            ChatEvent::Open(place, start) => {
                self.signs.calls |= matches!(start, BlockStart::ToolUse { .. });
                self.signs.refusal |= matches!(start, BlockStart::Refusal);
                self.calls += usize::from(matches!(start, BlockStart::ToolUse { .. }));
                let (answer, call) = (self.context.id, self.calls);
                let id = |own: Option<JsonText>| match own {
                    Some(own) => ToolIdGrammar::Plain.fit(&own),
                    None => ids::made(answer, call),
                };
                self.open = Some(WrittenBlock::of(place, start, id, &mut out));
            }
            ChatEvent::Delta(_, delta) => {
                if let Some(open) = &mut self.open {
                    open.grow(delta, &mut out);
                }
            }
            ChatEvent::Close(_) => {
                if let Some(open) = self.open.take() {
                    open.close(&mut out);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        self.start(&AnswerStart::default(), out);
        while let Some(open) = &self.open {
            let place = open.place();
            self.write(ChatEvent::Close(place), out, losses);
            self.go_on(out, losses);
        }
        let stop = self.stop.as_ref();
        let mut event = JsonWriter::with_capacity(256);
        event.open().name("type").string("message_delta").name("delta").open();
        event.name("stop_reason").string(stop::word(stop, self.signs, losses)).name("stop_sequence");
        match stop::sequence(stop) {
            Some(sequence) => event.text(sequence),
            None => event.null(),
        };
        event.close().name("usage").open();
        MessageCounts::of(&self.usage).whole().write(&mut event);
        event.close().close();
        out.push(lines::event("message_delta", event));
        out.push(lines::bare("message_stop"));
        self.ended = true;
    }
}

impl EventEncoder for MessagesEncoder {
    fn put(&mut self, event: ChatEvent, out: &mut Vec<NewEvent>, losses: &mut FieldLosses) {
        if self.ended {
            return;
        }
        match event {
            ChatEvent::Start(start) => {
                self.start(&start, out);
                losses.lose_extras("", &start.extra);
            }
            ChatEvent::Open(place, _) | ChatEvent::Delta(place, _) | ChatEvent::Close(place) => {
                self.of_block(place, event, out, losses);
            }
            ChatEvent::Stop { choice: 0, stop } => self.stop = Some(stop),
            ChatEvent::Stop { .. } => losses.lose("choices"),
            ChatEvent::Usage(usage) => self.usage = self.usage.then(usage),
            ChatEvent::Failed(failure) => {
                let kind = errors::kind_of(200, &failure);
                out.push(errors::event(WireFormat::Messages, 200, kind, &failure, 0));
                self.ended = true;
            }
            ChatEvent::End => self.end(out, losses),
            ChatEvent::Beside(kind, _) => losses.lose_extra("events", kind.as_bytes()),
            ChatEvent::Alive => out.push(lines::bare("ping")),
        }
    }

    fn held(&self) -> usize {
        self.waiting.bytes() + self.open.as_ref().map_or(0, WrittenBlock::bytes)
    }
}
