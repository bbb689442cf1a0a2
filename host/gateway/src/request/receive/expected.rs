//! What an answer is held against.

use super::way::StreamWay;
use bytes::Bytes;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Limits;
use weir_dialect::answer::AnswerShapes;
use weir_dialect::canon::{AnswerContext, DecodeFault, FieldLosses};
use weir_dialect::translate::{EmbedPair, WirePair};
use weir_dialect::view::{AnswerView, ClientFraming, ClientStream};
use weir_dialect::{DialectCall, Framing, WireFormat};
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
    /// It is an answer that the provider keeps, or what is said of one, and not its answer to this request.
    pub(crate) is_stored: bool,
    /// What makes of the provider's answer one in `call`'s dialect, where it speaks another.
    pub(crate) translation: Option<&'a AnswerTranslation>,
}

/// How the answers of a provider that speaks another dialect become the client's.
#[derive(Debug)]
pub(crate) struct AnswerTranslation {
    /// Both wires.
    pub(crate) pair: WirePair,
    /// Both, where the answer is vectors.
    pub(crate) embeds: Option<EmbedPair>,
    /// How the client's streams are framed.
    pub(crate) framing: ClientFraming,
    /// Whether plugins look at the events of a stream.
    pub(crate) hooked: bool,
    /// What the client asked.
    pub(crate) context: AnswerContext,
}

impl AnswerTranslation {
    /// A whole answer of the provider's as plugins see it, and as the client does where that is another. What could not be
    /// carried stays behind.
    pub(crate) fn whole(&self, bytes: &Bytes) -> Result<(Bytes, Option<Box<AnswerView>>), DecodeFault> {
        if let Some(embeds) = self.embeds {
            return Ok((embeds.answer(bytes, &self.context, &mut FieldLosses::default())?, None));
        }
        if self.pair.client == WireFormat::Chat {
            return Ok((self.pair.answer(bytes, &self.context, &mut FieldLosses::default())?, None));
        }
        let view = AnswerView::of(self.pair, bytes, &self.context)?;
        Ok((view.shown().clone(), Some(Box::new(view))))
    }

    /// Whether this is a whole answer of the provider's.
    pub(super) fn is_answer(&self, bytes: &[u8]) -> bool {
        self.embeds.map_or_else(|| self.pair.is_answer(bytes), |embeds| embeds.is_answer(bytes))
    }

    /// What makes of the provider's stream one for the client.
    pub(super) fn stream(&self) -> (Framing, StreamWay) {
        let context = self.context.clone();
        let way = if self.pair.client == WireFormat::Chat {
            StreamWay::Chat(self.pair.stream(context))
        } else {
            StreamWay::Client(Box::new(ClientStream::new(self.pair, self.framing, context, self.hooked)))
        };
        (self.pair.provider.framing(), way)
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
