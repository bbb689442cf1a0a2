//! What a dialect has to say for itself, in one place: which reader, which judgement, which path is whose. For one dialect
//! more, the compiler asks for each of these (docs/architecture.md says what else there is to touch).

use std::borrow::Cow;

use bytes::Bytes;

use crate::answer::{self, AnswerKind, AnswerReading};
use crate::ask::{self, ReadError, RequestFacts};
use crate::decoder::StreamDecoder;
use crate::dialect::{Dialect, DialectCall, Operation};
use crate::models::models_list;
use crate::refusal::{self, ApiError};

impl Dialect {
    /// The body of an answer that is a refusal, in the shape that client libraries turn into exceptions.
    pub fn render(self, error: &ApiError<'_>) -> Bytes {
        match self {
            Dialect::OpenAi => refusal::body(error),
        }
    }

    /// The same as what a stream ends with whose head has gone out.
    pub fn render_event(self, error: &ApiError<'_>) -> Bytes {
        match self {
            Dialect::OpenAi => refusal::event(error),
        }
    }

    /// The list of models, of which these are names and owners, in this order.
    pub fn models<'a>(self, models: impl Iterator<Item = (&'a str, &'a str)>) -> Bytes {
        match self {
            Dialect::OpenAi => models_list(models),
        }
    }
}

impl Dialect {
    /// What reads a stream of answers to a request for so many choices.
    pub fn decoder(self, choices: u64) -> StreamDecoder {
        match self {
            Dialect::OpenAi => StreamDecoder::new(choices),
        }
    }
}

impl DialectCall {
    /// Its path below the base URL of a provider, where this model is asked. A request's body has the model's name as well
    /// where the dialect puts it there.
    pub fn target(self, _model: &str) -> Cow<'static, str> {
        match (self.dialect, self.operation) {
            (Dialect::OpenAi, Operation::Chat) => Cow::Borrowed("/chat/completions"),
            (Dialect::OpenAi, Operation::Embed) => Cow::Borrowed("/embeddings"),
        }
    }

    /// Reads what a request asks for. One pass over the body, which is checked to its end; allocates for the model's name
    /// only.
    ///
    /// # Errors
    /// [`ReadError`]: it is no such request, or one of which two readers may make two things.
    #[inline]
    pub fn read_request(self, body: &Bytes) -> Result<RequestFacts, ReadError> {
        match self.dialect {
            Dialect::OpenAi => ask::read(self.operation, body),
        }
    }

    /// Reads the body of a successful answer in full.
    #[inline]
    pub fn read_answer(self, body: &[u8]) -> AnswerReading {
        match self.dialect {
            Dialect::OpenAi => AnswerReading::of(self.operation, body),
        }
    }

    /// Judges the body of a successful answer, in one pass that reads no further than it must.
    #[inline]
    pub fn judge_answer(self, body: &[u8]) -> AnswerKind {
        match self.dialect {
            Dialect::OpenAi => answer::judge(self.operation, body),
        }
    }
}
