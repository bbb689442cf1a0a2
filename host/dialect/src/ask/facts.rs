//! What is read of a request.

use weir_http::json::Span;

use crate::DialectCall;

/// What a request asks for: the few facts that the gateway decides by. Everything else in the body is the upstream's
/// business and passes as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// What was called.
    pub call: DialectCall,
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
    pub(super) said_choices: AskedCount,
    pub(super) max_tokens: Option<u64>,
    pub(super) max_completion_tokens: Option<u64>,
    /// Where the value of `model` stands.
    pub(super) model_span: Span,
    /// What makes the upstream send usage at the end of a stream; none if the client asked for it already.
    pub(super) usage_patch: Option<(Span, &'static str)>,
    /// Length of the body that the spans are offsets of.
    pub(super) body_len: usize,
}

/// What a request says of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AskedCount {
    /// Nothing, or null.
    #[default]
    Nothing,
    /// A whole number.
    Number(u64),
    /// Something else.
    Other,
}

impl AskedCount {
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Nothing | Self::Other => None,
        }
    }
}
