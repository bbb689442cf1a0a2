//! A whole answer as plugins see it.

use bytes::Bytes;

use crate::canon::{AnswerContext, ChatAnswer, DecodeFault, FieldLosses, RawJson};
use crate::translate::WirePair;
use crate::{chat, translate};

/// A whole answer of a provider for a client of another wire than chat, and what plugins are shown of it.
#[derive(Debug)]
pub struct AnswerView {
    pair: WirePair,
    body: Bytes,
    context: AnswerContext,
    answer: ChatAnswer,
    shown: Bytes,
}

impl AnswerView {
    /// The view of a provider's body.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no whole answer of the provider's wire.
    pub fn of(pair: WirePair, body: &Bytes, context: &AnswerContext) -> Result<Self, DecodeFault> {
        let raw = RawJson::parse(body.clone())?;
        let answer = translate::decode_answer(pair.provider, &raw, pair.vendor)?;
        let shown = chat::encode_answer(&answer, context, &mut FieldLosses::default());
        Ok(Self { pair, body: body.clone(), context: context.clone(), answer, shown })
    }

    /// The view: a chat completion.
    #[must_use]
    pub fn shown(&self) -> &Bytes {
        &self.shown
    }

    /// The answer as it was read.
    #[must_use]
    pub fn answer(&self) -> &ChatAnswer {
        &self.answer
    }

    /// What the client gets, after plugins made `changed` of [`shown`](Self::shown): the provider's own bytes where nothing was
    /// changed and both wires are one. What could not be carried is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no chat completion any more.
    pub fn merged(&self, changed: &Bytes, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        if *changed == self.shown {
            let same = self.pair.client == self.pair.provider;
            return Ok(if same { self.body.clone() } else { self.encoded(&self.answer, losses) });
        }
        let changed = chat::decode_answer(&RawJson::parse(changed.clone())?)?;
        Ok(self.encoded(&changed, losses))
    }

    fn encoded(&self, answer: &ChatAnswer, losses: &mut FieldLosses) -> Bytes {
        translate::encode_answer(self.pair.client, answer, &self.context, losses)
    }
}
