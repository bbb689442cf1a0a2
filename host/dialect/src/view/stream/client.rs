//! A provider's stream on its way to a client.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::memmem;

use super::changes::ViewChanges;
use super::framing::{ClientFraming, StreamFramer};
use super::halves::HalfCalls;
use super::same::SameWire;
use super::seen::SeenTexts;
use super::shown::ShownStream;
use super::strays;
use super::waiting::{ShownEvent, WaitingFrame};
use crate::canon::{
    AnswerContext, ApiFailure, ChatEvent, DecodeFault, EventEncoder, FieldLosses, NewEvent, StreamState, WireEvent,
};
use crate::errors;
use crate::refusal::ApiErrorKind;
use crate::translate::{WirePair, encoder};
use crate::wire::WireFormat;

/// A provider's stream on its way to a client of another wire than chat; the provider's is any, the same as well.
///
/// What is shown of its frames has numbers: 0, 1, 2, … in the order in which it is put. A frame waits until all that was shown of it
/// is decided, and those behind it wait with it.
#[derive(Debug)]
pub struct ClientStream {
    client: WireFormat,
    shown: ShownStream,
    waiting: VecDeque<WaitingFrame>,
    /// What was decided; none where nobody looks on, and all passes.
    changes: Option<ViewChanges>,
    way: ClientWay,
    halves: HalfCalls,
    seen: SeenTexts,
    framer: StreamFramer,
    losses: FieldLosses,
    /// Where an encoder puts what it makes; kept for its room.
    made: Vec<NewEvent>,
    /// How it has ended, once it has.
    state: Option<StreamState>,
    /// The end of its framing was written, if it has one.
    closed: bool,
}

/// How frames become what the client reads.
#[derive(Debug)]
enum ClientWay {
    /// They are the provider's own, for both speak the same.
    Same(SameWire),
    /// They are written anew.
    Other(Box<dyn EventEncoder>),
}

impl ClientStream {
    /// One that begins. `hooked`: somebody looks at what is shown, and may change it; else nothing is ever changed, and all passes.
    #[must_use]
    pub fn new(pair: WirePair, framing: ClientFraming, context: AnswerContext, hooked: bool) -> Self {
        let way = if pair.client == pair.provider {
            ClientWay::Same(SameWire::new(pair.client, context.clone()))
        } else {
            ClientWay::Other(encoder(pair.client, context.clone()))
        };
        Self {
            client: pair.client,
            shown: ShownStream::new(pair, context),
            waiting: VecDeque::new(),
            changes: hooked.then(ViewChanges::default),
            way,
            halves: HalfCalls::default(),
            seen: SeenTexts::default(),
            framer: StreamFramer::new(framing),
            losses: FieldLosses::default(),
            made: Vec::new(),
            state: None,
            closed: false,
        }
    }

    /// Takes the provider's next frame: its bytes as they came, an SSE event with its line ends or a whole event message, and what is in
    /// it. Puts behind `shown` the chunks that are shown of it, `[DONE]` and error events included; of a frame of which nothing is
    /// shown an event without name and data, so that there is one of every frame.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is none of the provider's wire. The stream is broken, and nothing of this frame goes on.
    pub fn take(&mut self, raw: &Bytes, event: &WireEvent<'_>, shown: &mut Vec<NewEvent>) -> Result<(), DecodeFault> {
        let begun = shown.len();
        let events = self.shown.take(event, shown)?;
        let (raw, data) = (raw.clone(), event.data.clone());
        let mut frame = WaitingFrame { raw, data, events, ..WaitingFrame::default() };
        if self.changes.is_some() && matches!(self.way, ClientWay::Same(_)) {
            let strays = strays::of(self.client, &frame, &mut self.seen);
            if !strays.is_empty() {
                let number = self.shown.beside(&strays, shown);
                frame.strays = Some((number, strays));
                frame.put_first(shown.get_mut(begun..).unwrap_or_default());
            }
        }
        if shown.len() == begun {
            self.shown.alive(shown);
        }
        frame.end = self.shown.next();
        frame.is_last = self.shown.is_over() && self.state.is_none();
        self.wait(frame);
        Ok(())
    }

    /// Takes a comment or another sign of life of the provider's, as it came, and shows it as one.
    pub fn alive(&mut self, raw: &Bytes, shown: &mut Vec<NewEvent>) {
        self.shown.alive(shown);
        let number = self.shown.next();
        let events = vec![ShownEvent { event: ChatEvent::Alive, shown: number..number }];
        self.wait(WaitingFrame { raw: raw.clone(), events, end: number, ..WaitingFrame::default() });
    }

    /// The transport has ended, cleanly or not: shows what is still to be said. To be released as frames are, if anything was shown.
    pub fn finish(&mut self, clean: bool, shown: &mut Vec<NewEvent>) -> StreamState {
        if let Some(state) = self.state {
            return state;
        }
        let (events, state) = self.shown.finish(clean, shown);
        self.state = Some(state);
        let (end, is_last) = (self.shown.next(), state != StreamState::Broken);
        match self.waiting.back_mut().filter(|frame| frame.waits) {
            Some(frame) => {
                frame.events.extend(events);
                (frame.end, frame.is_last, frame.waits) = (end, is_last, false);
            }
            None => self.wait(WaitingFrame { events, end, is_last, ..WaitingFrame::default() }),
        }
        // Nothing comes that it could depend on.
        self.waiting.iter_mut().rev().take(1).for_each(|last| (last.joins, last.waits) = (false, false));
        state
    }

    /// What was shown with this number passes as it was.
    pub fn passed(&mut self, number: u64) {
        if let Some(changes) = &mut self.changes {
            changes.passed(number);
        }
    }

    /// What was shown with this number goes on as this chunk. Of several chunks for one number the texts are joined. If neither this
    /// nor [`passed`](Self::passed) is said of a number before it is released, it was dropped: its text goes out empty.
    pub fn changed(&mut self, number: u64, data: &Bytes) {
        if let Some(changes) = &mut self.changes {
            changes.changed(number, data);
        }
    }

    /// All that was shown before `number` is decided: puts behind `out` the client's bytes of all frames that are decided whole, in
    /// order, and behind the last one what ends the stream's framing, if it ended well.
    pub fn release(&mut self, before: u64, out: &mut Vec<Bytes>) {
        while let Some(last) = self.waiting.iter().position(|frame| !frame.joins) {
            let is_decided = |frame: &WaitingFrame| frame.end <= before && !frame.waits;
            if !self.waiting.iter().take(last + 1).all(is_decided) {
                return;
            }
            let frames: Vec<WaitingFrame> = self.waiting.drain(..=last).collect();
            self.write(frames, out);
        }
    }

    /// The bytes of an event that the gateway itself has to tell the client, such as that it ends the stream.
    pub fn framed(&mut self, event: &NewEvent) -> Bytes {
        self.framer.frame(event)
    }

    /// The bytes that end the stream with a failure, in the client's words.
    pub fn failed(&mut self, status: u16, kind: ApiErrorKind, failure: &ApiFailure) -> Bytes {
        let sequence = match &mut self.way {
            ClientWay::Same(same) => same.next_sequence(),
            ClientWay::Other(encoder) if self.client == WireFormat::Responses => {
                // It knows what number is next.
                encoder.put(ChatEvent::Failed(Box::new(failure.clone())), &mut self.made, &mut self.losses);
                let framed = self.made.drain(..).map(|event| self.framer.frame(&event));
                return framed.collect::<Vec<_>>().concat().into();
            }
            ClientWay::Other(_) => 0,
        };
        let event = errors::event(self.client, status, kind, failure, sequence);
        self.framer.frame(&event)
    }

    /// The bytes that tell the client that the stream is alive; none where its framing has no such thing.
    pub fn keep_alive(&mut self) -> Bytes {
        sign_of_life(self.client).map_or_else(Bytes::new, |event| self.framer.frame(&event))
    }

    /// Bytes that are kept: frames that wait, texts that are said again later, and what encoders keep.
    #[must_use]
    pub fn held(&self) -> usize {
        let way = match &self.way {
            ClientWay::Same(same) => same.held(),
            ClientWay::Other(encoder) => encoder.held(),
        };
        let waiting: usize = self.waiting.iter().map(WaitingFrame::held).sum();
        waiting + way + self.shown.held() + self.changes.as_ref().map_or(0, ViewChanges::held)
    }

    /// What could not be carried so far.
    #[must_use]
    pub fn losses(&self) -> &FieldLosses {
        &self.losses
    }

    /// A frame waits. Without its events, where they are of no use.
    fn wait(&mut self, mut frame: WaitingFrame) {
        if let Some(before) = self.waiting.back_mut() {
            before.waits = false;
        }
        if matches!(self.way, ClientWay::Same(_)) {
            if self.changes.is_none() {
                frame.events = Vec::new();
            } else {
                frame.waits = self.client == WireFormat::GenerateContent && says_end(&frame.data);
                frame.joins = self.halves.see(self.client, &frame);
            }
        }
        self.waiting.push_back(frame);
    }

    fn write(&mut self, frames: Vec<WaitingFrame>, out: &mut Vec<Bytes>) {
        let end = frames.last().map_or(0, |frame| frame.end);
        let is_last = frames.iter().any(|frame| frame.is_last);
        match &mut self.way {
            // What stands behind the end of an array is none of it.
            ClientWay::Same(_) if self.closed && self.framer.framing == ClientFraming::JsonArray => {}
            ClientWay::Same(same) => match &mut self.changes {
                None => frames.iter().for_each(|frame| same.pass(frame, &mut self.framer, out)),
                Some(changes) => same.write(&frames, changes, &mut self.framer, &mut self.losses, out),
            },
            ClientWay::Other(_) => {
                frames.into_iter().flat_map(|frame| frame.events).for_each(|shown| self.encode(shown));
                let framed = self.made.drain(..).map(|event| self.framer.frame(&event));
                out.extend(framed.filter(|bytes| !bytes.is_empty()));
            }
        }
        if let Some(changes) = &mut self.changes {
            changes.forget(end);
        }
        if is_last && !self.closed {
            self.closed = true;
            out.extend(self.framer.end());
        }
    }

    /// Writes an event in the client's wire.
    fn encode(&mut self, shown: ShownEvent) {
        let ClientWay::Other(encoder) = &mut self.way else { return };
        let (is_alive, before) = (shown.event == ChatEvent::Alive, self.made.len());
        let events = match &mut self.changes {
            None => vec![shown.event],
            Some(changes) => changes.events(shown, &mut self.losses),
        };
        for event in events {
            encoder.put(event, &mut self.made, &mut self.losses);
        }
        if is_alive && self.made.len() == before {
            // What stands in front of the client may give up on one that is silent.
            self.made.extend(sign_of_life(self.client));
        }
    }
}

/// Whether an event of Gemini's says why a candidate ends. That is told of it when the stream is at its end, and what goes out before
/// the end must not go out behind it.
fn says_end(data: &[u8]) -> bool {
    [&b"\"finishReason\""[..], b"\"finish_reason\""].iter().any(|name| memmem::find(data, name).is_some())
}

/// A sign of life in a client's wire; none where it has none: Google's library for Python takes a comment for an event, and fails.
fn sign_of_life(client: WireFormat) -> Option<NewEvent> {
    match client {
        WireFormat::GenerateContent => None,
        WireFormat::Messages => {
            Some(NewEvent { name: Some("ping"), data: Bytes::from_static(b"{\"type\": \"ping\"}") })
        }
        _ => Some(NewEvent { name: None, data: Bytes::new() }),
    }
}
