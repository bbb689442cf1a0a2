//! What is shown of a provider's stream: chunks of a chat completion.

use std::sync::Arc;

use bytes::Bytes;

use super::waiting::ShownEvent;
use crate::canon::{
    AnswerContext, BlockDelta, ChatEvent, DecodeFault, EventDecoder, EventEncoder, FieldLosses, JsonText, JsonWriter,
    NewEvent, StreamState, WireEvent,
};
use crate::chat::ChatWireEncoder;
use crate::translate::{WirePair, decoder};
use crate::view::names::prefix;
use crate::wire::WireFormat;

/// Reads a stream, and writes what is shown of it.
#[derive(Debug)]
pub(super) struct ShownStream {
    decoder: Box<dyn EventDecoder>,
    encoder: ChatWireEncoder,
    /// The number of what is shown next.
    next: u64,
    /// What the decoder gives; empty between events, and kept for its room.
    events: Vec<ChatEvent>,
    /// It has come to its end, of one kind or another: nothing that follows is read.
    over: bool,
    /// What is said of the answer in each chunk.
    wire: WireFormat,
    id: JsonText,
    model: Arc<str>,
    now: u64,
}

impl ShownStream {
    pub(super) fn new(pair: WirePair, context: AnswerContext) -> Self {
        Self {
            wire: pair.provider,
            id: JsonText::of("chatcmpl"),
            model: context.model.clone(),
            now: context.now,
            decoder: decoder(pair.provider, pair.vendor),
            // The gateway reads what was used, whether the client is told or not.
            encoder: ChatWireEncoder::new(AnswerContext { include_usage: true, ..context }),
            next: 0,
            events: Vec::new(),
            over: false,
        }
    }

    /// The number of what is shown next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether it has come to its end, of one kind or another.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Takes the next event. Nothing may be shown of it.
    pub(super) fn take(
        &mut self,
        event: &WireEvent<'_>,
        shown: &mut Vec<NewEvent>,
    ) -> Result<Vec<ShownEvent>, DecodeFault> {
        if !self.over {
            self.decoder.take(event, &mut self.events)?;
        }
        Ok(self.show(shown))
    }

    /// The transport has ended.
    pub(super) fn finish(&mut self, clean: bool, shown: &mut Vec<NewEvent>) -> (Vec<ShownEvent>, StreamState) {
        let state = self.decoder.finish(clean, &mut self.events);
        if self.over {
            self.events.clear();
        }
        (self.show(shown), state)
    }

    /// Shows that the stream is alive.
    pub(super) fn alive(&mut self, shown: &mut Vec<NewEvent>) {
        shown.push(NewEvent { name: None, data: Bytes::new() });
        self.next += 1;
    }

    /// Shows texts that a chat completion has no place for, in a member of the wire's own, and says with which number.
    pub(super) fn beside(&mut self, texts: &[JsonText], shown: &mut Vec<NewEvent>) -> u64 {
        let length: usize = texts.iter().map(|text| text.token().len() + 1).sum();
        let mut out = JsonWriter::with_capacity(320 + length);
        out.open().name("id").text(&self.id).name("object").string("chat.completion.chunk");
        out.name("created").number(self.now).name("model").string(&self.model).name("choices").open_array().open();
        out.name("index").number(0).name("delta").open();
        out.name(&format!("{}.rest", prefix(self.wire))).open_array();
        texts.iter().for_each(|text| {
            out.text(text);
        });
        out.close_array().close().name("logprobs").null().name("finish_reason").null().close().close_array().close();
        shown.push(NewEvent { name: None, data: out.finish() });
        self.next += 1;
        self.next - 1
    }

    /// Bytes that are kept for what is shown later.
    pub(super) fn held(&self) -> usize {
        self.encoder.held()
    }

    fn show(&mut self, shown: &mut Vec<NewEvent>) -> Vec<ShownEvent> {
        let mut events = Vec::with_capacity(self.events.len());
        for event in self.events.drain(..) {
            if let ChatEvent::Start(start) = &event {
                self.id = start.id.clone().unwrap_or_else(|| self.id.clone());
            }
            self.over |= matches!(event, ChatEvent::End | ChatEvent::Failed(_));
            let (first, before) = (self.next, shown.len());
            // A signature says nothing, and the text that a chat completion repeats beside it was shown already.
            if !matches!(event, ChatEvent::Delta(_, BlockDelta::Signature(_))) {
                // What a chat completion has no word for is lost to nobody but those who look on.
                self.encoder.put(event.clone(), shown, &mut FieldLosses::default());
            }
            self.next += (shown.len() - before) as u64;
            events.push(ShownEvent { event, shown: first..self.next });
        }
        events
    }
}
