//! What is shown of a provider's stream: chunks of a chat completion.

use bytes::Bytes;

use super::waiting::ShownEvent;
use crate::canon::{
    AnswerContext, BlockDelta, ChatEvent, DecodeFault, EventDecoder, EventEncoder, FieldLosses, NewEvent, StreamState,
    WireEvent,
};
use crate::chat::ChatWireEncoder;
use crate::translate::{WirePair, decoder};

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
}

impl ShownStream {
    pub(super) fn new(pair: WirePair, context: AnswerContext) -> Self {
        Self {
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

    /// The next event.
    pub(super) fn take(
        &mut self,
        event: &WireEvent<'_>,
        shown: &mut Vec<NewEvent>,
    ) -> Result<Vec<ShownEvent>, DecodeFault> {
        if !self.over {
            self.decoder.take(event, &mut self.events)?;
        }
        let begun = shown.len();
        let events = self.show(shown);
        if shown.len() == begun {
            self.alive(shown);
        }
        Ok(events)
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

    /// Bytes that are kept for what is shown later.
    pub(super) fn held(&self) -> usize {
        self.encoder.held()
    }

    fn show(&mut self, shown: &mut Vec<NewEvent>) -> Vec<ShownEvent> {
        let mut events = Vec::with_capacity(self.events.len());
        for event in self.events.drain(..) {
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
