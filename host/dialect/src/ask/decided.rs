//! What of a request stands when it goes to a target, whatever somebody writes into it on its last way.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::facts::{AskedCount, RequestFacts};
use super::fixed;
use super::{ReadError, read};
use crate::{DialectCall, Document, EditError};

/// What was decided of a request by who may decide: which model answers it, whether the answer comes as a stream and says
/// what it used, and how much is answered at the most. Limits, prices, the choice of a target and the way on which the
/// answer is relayed follow from these, so whoever rewrites the request afterwards leaves them as they are.
#[derive(Clone)]
pub struct Decided {
    call: DialectCall,
    /// The request as it was decided.
    body: Bytes,
    /// The target's model.
    model: Arc<str>,
    ask_usage: bool,
    streaming: bool,
    choices: AskedCount,
    /// The most tokens that the answer may have; none if nobody set a bound.
    most_output: Option<u64>,
}

impl Decided {
    /// The decision that a request is, for a target that calls its model `model`, and that is to say what a stream used if
    /// `ask_usage`. `body` is what `ask` was read from.
    pub fn of(ask: &RequestFacts, body: &Bytes, model: &Arc<str>, ask_usage: bool) -> Self {
        Self {
            call: ask.call,
            body: body.clone(),
            model: Arc::clone(model),
            ask_usage: ask_usage || ask.include_usage,
            streaming: ask.streaming,
            choices: ask.said_choices,
            most_output: ask.max_output_tokens,
        }
    }

    /// What was called.
    pub fn call(&self) -> DialectCall {
        self.call
    }

    /// The same as [`hold`](Self::hold) for who comes after the choice of the target: members of which it depends what the
    /// request costs, or who answers it in the end (`fixed.rs`), are as they were decided as well.
    ///
    /// # Errors
    /// As [`DialectCall::read_request`]: it is no request.
    pub fn hold_last(&self, body: Bytes) -> Result<(Bytes, RequestFacts), ReadError> {
        let (left, decided) = (fixed::members(&body)?, fixed::members(&self.body)?);
        if left == decided {
            return self.hold(body);
        }
        let mut document = Document::accepted(self.call, body.clone());
        let mut restore = || {
            for name in left.keys() {
                document.remove(&format!("/{name}"))?;
            }
            for (name, value) in &decided {
                document.set(&format!("/{name}"), value)?;
            }
            document.bytes()
        };
        // It cannot fail, for these are members of an object that was read; what was decided would be sent then.
        let body = restore().unwrap_or_else(|_: EditError| self.body.clone());
        self.hold(body)
    }

    /// The request that somebody made of the one that was decided: read again, with what was decided put back. `n` and the
    /// bound on what is answered may have become less, and neither more nor nothing.
    ///
    /// # Errors
    /// As [`DialectCall::read_request`]: it is no request.
    pub fn hold(&self, body: Bytes) -> Result<(Bytes, RequestFacts), ReadError> {
        let mut ask = read(self.call.operation, &body)?;
        let mut body = body;
        if !self.stands(&ask) {
            // It cannot fail, for these are members of an object that was read; what was decided would be sent then.
            let put_back = self.put_back(&ask, &body);
            debug_assert!(put_back.is_ok(), "{:?}", put_back.err());
            body = put_back.unwrap_or_else(|_| self.body.clone());
            ask = read(self.call.operation, &body)?;
        }
        Ok((ask.outgoing(&body, &self.model, self.ask_usage), ask))
    }

    /// Whether everything is as it was decided, but for what [`RequestFacts::outgoing`] sees to.
    fn stands(&self, ask: &RequestFacts) -> bool {
        ask.streaming == self.streaming && self.choices_stand(ask) && self.output_stands(ask)
    }

    fn choices_stand(&self, ask: &RequestFacts) -> bool {
        let most = self.choices.number().unwrap_or(1);
        match ask.said_choices {
            AskedCount::Nothing => most > 0,
            AskedCount::Number(count) => count <= most,
            // What is no number, somebody takes for one.
            AskedCount::Other => false,
        }
    }

    fn output_stands(&self, ask: &RequestFacts) -> bool {
        let Some(most) = self.most_output else { return true };
        let both = [ask.max_tokens, ask.max_completion_tokens];
        both.iter().flatten().all(|bound| *bound <= most) && both.iter().any(Option::is_some)
    }

    /// The body with the decided values, each as it stood.
    fn put_back(&self, ask: &RequestFacts, body: &Bytes) -> Result<Bytes, EditError> {
        let mut decided = Document::accepted(self.call, self.body.clone());
        let mut document = Document::accepted(self.call, body.clone());
        let mut restore = |pointer: &str| match decided.get(pointer)? {
            Some(value) => document.set(pointer, &value),
            None => document.remove(pointer).map(|_| ()),
        };
        if ask.streaming != self.streaming {
            restore("/stream")?;
        }
        if !self.choices_stand(ask) {
            restore("/n")?;
        }
        if !self.output_stands(ask) {
            restore("/max_tokens")?;
            restore("/max_completion_tokens")?;
        }
        document.bytes()
    }
}

/// Shows no content: prompts are nobody's business but the tenant's.
impl fmt::Debug for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decided").field("model", &self.model).field("len", &self.body.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
