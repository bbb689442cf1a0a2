//! What a request asks for, and the body that goes to the upstream for it.

mod decided;
mod error;
mod fixed;
mod names;
mod read;
mod shape;
mod subject;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod told;

pub use decided::Decided;
pub use error::ReadError;
pub use read::read;
pub use shape::AskShapes;

use bytes::Bytes;
use weir_http::json::Span;

use crate::Endpoint;
use crate::splice::{Patch, splice};

/// What a request asks for: the few facts that the gateway decides by. Everything else in the body is the upstream's
/// business and passes as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// What was called.
    pub endpoint: Endpoint,
    /// The model as the client names it; never empty.
    pub model: Box<str>,
    /// Whether the answer is to come as a stream of events.
    pub streaming: bool,
    /// Whether the client asked for usage at the end of the stream (`stream_options.include_usage`).
    pub include_usage: bool,
    /// The client's bound on the answer: `max_completion_tokens`, else `max_tokens`.
    pub max_output_tokens: Option<u64>,
    /// How many choices the answer is to have (`n`); 1 if the request says nothing of it, or no whole number.
    pub choices: u64,
    /// Bytes of text that a model will read, escapes decoded: of messages what counts in answers, too (contents, reasoning,
    /// refusals, names and arguments of calls) and who is named; names and descriptions of tools and of the form of the
    /// answer, with the strings and names of properties of their schemas; embedding inputs. What it is wrapped in, images and
    /// sound do not count. For an estimate of input tokens; a token number counts as 4 bytes.
    pub text_bytes: usize,
    /// What it says of `n`, of `max_tokens` and of `max_completion_tokens`.
    said_choices: Said,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    /// Where the value of `model` stands.
    model_span: Span,
    /// What makes the upstream send usage at the end of a stream; none if the client asked for it already.
    usage_patch: Option<(Span, &'static str)>,
    /// Length of the body that the spans are offsets of.
    body_len: usize,
}

/// What a request says of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Said {
    /// Nothing, or null.
    #[default]
    Nothing,
    /// A whole number.
    Number(u64),
    /// Something else.
    Other,
}

impl Said {
    fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Nothing | Self::Other => None,
        }
    }
}

impl RequestFacts {
    /// The body for an upstream that calls the model `upstream_model`, asked to send usage at the end of a stream if
    /// `ask_usage`. Only those bytes differ from `body`; if none has to, it is `body` itself, shared.
    ///
    /// `body` is the one that this was read from. After an edit, [`read`] again; should a body of another length be
    /// given all the same, it is read anew here, and comes back as it is if it cannot be read.
    pub fn outgoing(&self, body: &Bytes, upstream_model: &str, ask_usage: bool) -> Bytes {
        if body.len() != self.body_len {
            return match read(self.endpoint, body) {
                Ok(fresh) => fresh.outgoing(body, upstream_model, ask_usage),
                Err(_) => body.clone(),
            };
        }
        let rename = upstream_model != &*self.model;
        let model = rename.then_some((self.model_span, Patch::Quoted("", upstream_model, "")));
        let ask_usage = ask_usage && self.streaming && self.endpoint == Endpoint::Chat;
        let usage = self.usage_patch.filter(|_| ask_usage).map(|(span, json)| (span, Patch::Json(json)));
        match (model, usage) {
            (None, None) => body.clone(),
            (Some(one), None) | (None, Some(one)) => splice(body, &[one]),
            (Some(model), Some(usage)) if model.0.start < usage.0.start => splice(body, &[model, usage]),
            (Some(model), Some(usage)) => splice(body, &[usage, model]),
        }
    }
}
