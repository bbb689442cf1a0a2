//! Two wires, and what goes from one to the other: a request there, a whole answer back, a stream back.

use bytes::Bytes;

use super::{codecs, ids};
use crate::canon::{
    AnswerContext, ChatEvent, ChatRequest, DecodeFault, EventDecoder, EventEncoder, FieldLosses, NewEvent, RawJson,
    StreamState, TargetRules, WireEvent,
};
use crate::errors::{self, ErrorParts};
use crate::wire::{Vendor, WireFormat};

/// What the client speaks and what the provider does, which differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WirePair {
    /// The client's.
    pub client: WireFormat,
    /// The provider's.
    pub provider: WireFormat,
    /// Whose model is asked, where a provider has those of several vendors.
    pub vendor: Vendor,
}

impl WirePair {
    /// A request as the provider reads it. What it cannot carry is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: the body is none of the client's wire.
    pub fn request(self, body: &Bytes, rules: &TargetRules, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        let mut request = codecs::decode_request(self.client, &RawJson::parse(body.clone())?, (&rules.model, false))?;
        ids::give(&mut request);
        Ok(codecs::encode_request(self.provider, &request, rules, losses))
    }

    /// A request that was read already and perhaps changed, as the provider reads it. What it cannot carry is named in `losses`.
    #[must_use]
    pub fn encode(self, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
        if self.provider == request.wire {
            return codecs::encode_request(self.provider, request, rules, losses);
        }
        let mut request = request.clone();
        ids::give(&mut request);
        codecs::encode_request(self.provider, &request, rules, losses)
    }

    /// A whole answer as the client reads it. What it cannot carry is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: the body is none of the provider's wire.
    pub fn answer(self, body: &Bytes, context: &AnswerContext, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        let answer = codecs::decode_answer(self.provider, &RawJson::parse(body.clone())?, self.vendor)?;
        Ok(codecs::encode_answer(self.client, &answer, context, losses))
    }

    /// Whether this is a whole answer of the provider's.
    #[must_use]
    pub fn is_answer(self, body: &[u8]) -> bool {
        let parsed = RawJson::parse(Bytes::copy_from_slice(body));
        parsed.is_ok_and(|raw| codecs::decode_answer(self.provider, &raw, self.vendor).is_ok())
    }

    /// What the provider says against a request with this status, in the client's form; word for word where both have the same.
    #[must_use]
    pub fn against(self, status: u16, body: &Bytes) -> ErrorParts {
        if self.client.is_of_one_api(self.provider) {
            return ErrorParts { status, body: body.clone(), header: None };
        }
        let failure = errors::read(status, None, body);
        errors::render(self.client, status, errors::kind_of(status, &failure), &failure, None)
    }

    /// What makes of the provider's stream one for the client.
    #[must_use]
    pub fn stream(self, context: AnswerContext) -> StreamTranslation {
        StreamTranslation {
            decoder: codecs::decoder(self.provider, self.vendor),
            encoder: codecs::encoder(self.client, context),
            events: Vec::new(),
            losses: FieldLosses::default(),
            over: false,
        }
    }
}

/// A stream of a provider's that becomes one for a client, event by event.
#[derive(Debug)]
pub struct StreamTranslation {
    decoder: Box<dyn EventDecoder>,
    encoder: Box<dyn EventEncoder>,
    /// What the decoder gives; empty between events, and kept for its room.
    events: Vec<ChatEvent>,
    losses: FieldLosses,
    /// It has come to its end, of one kind or another: nothing that follows is read.
    over: bool,
}

impl StreamTranslation {
    /// Takes the next event, and puts behind `out` what becomes of it: nothing, one event or several.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is none of the provider's wire.
    pub fn take(&mut self, event: &WireEvent<'_>, out: &mut Vec<NewEvent>) -> Result<(), DecodeFault> {
        if self.over {
            return Ok(());
        }
        self.decoder.take(event, &mut self.events)?;
        self.put(out);
        Ok(())
    }

    /// The transport has ended: puts behind `out` what is still to be said. A stream that is broken does not end in them.
    pub fn finish(&mut self, clean: bool, out: &mut Vec<NewEvent>) -> StreamState {
        if self.over {
            return StreamState::Whole;
        }
        let state = self.decoder.finish(clean, &mut self.events);
        self.put(out);
        state
    }

    /// Bytes that are kept for what is said later.
    #[must_use]
    pub fn held(&self) -> usize {
        self.encoder.held()
    }

    /// What could not be carried so far.
    #[must_use]
    pub fn losses(&self) -> &FieldLosses {
        &self.losses
    }

    fn put(&mut self, out: &mut Vec<NewEvent>) {
        for event in self.events.drain(..) {
            self.over |= matches!(event, ChatEvent::End | ChatEvent::Failed(_));
            let (is_alive, before) = (event == ChatEvent::Alive, out.len());
            self.encoder.put(event, out, &mut self.losses);
            if is_alive && out.len() == before {
                // What stands in front of the client may give up on one that is silent.
                out.push(NewEvent { name: None, data: Bytes::new() });
            }
        }
    }
}
