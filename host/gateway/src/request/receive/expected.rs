//! What an answer is held against.

use bytes::Bytes;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Limits;
use weir_dialect::answer::AnswerShapes;
use weir_dialect::canon::{AnswerContext, DecodeFault, FieldLosses};
use weir_dialect::translate::{StreamTranslation, WirePair};
use weir_dialect::{DialectCall, Framing};
use weir_net::ByteTotal;
use weir_upstream::Upstream;

/// What was asked for, and what the answer may take.
pub(crate) struct ExpectedAnswer<'a> {
    pub(crate) call: DialectCall,
    pub(crate) streaming: bool,
    /// How many answers (`n`).
    pub(crate) choices: u64,
    pub(crate) limits: &'a Limits,
    /// What all whole answers hold together.
    pub(crate) memory: &'a Arc<ByteTotal>,
    /// What its answers look like.
    pub(crate) shapes: Option<&'a RefCell<AnswerShapes>>,
    /// How long the provider may take for a head.
    pub(crate) first_byte: Duration,
    /// Who was asked.
    pub(crate) upstream: &'a Upstream,
    /// What makes of the provider's answer one in `call`'s dialect, where it speaks another.
    pub(crate) translation: Option<&'a AnswerTranslation>,
}

/// How the answers of a provider that speaks another dialect become the client's.
#[derive(Debug)]
pub(crate) struct AnswerTranslation {
    /// Both wires.
    pub(crate) pair: WirePair,
    /// What the client asked.
    pub(crate) context: AnswerContext,
}

impl AnswerTranslation {
    /// A whole answer of the provider's as one for the client. What could not be carried stays behind.
    pub(crate) fn whole(&self, bytes: &Bytes) -> Result<Bytes, DecodeFault> {
        self.pair.answer(bytes, &self.context, &mut FieldLosses::default())
    }

    /// What makes of the provider's stream one for the client.
    pub(crate) fn stream(&self) -> (Framing, StreamTranslation) {
        (self.pair.provider.framing(), self.pair.stream(self.context.clone()))
    }

    /// Whether the provider's streams are text.
    pub(crate) fn is_text(&self) -> bool {
        self.pair.provider.framing() == Framing::Sse
    }

    /// The media type of the provider's streams.
    pub(crate) fn media_type(&self) -> &'static str {
        self.pair.provider.framing().media_type()
    }
}
