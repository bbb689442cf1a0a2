//! Which path is whose, and what is called there.

mod segment;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::borrow::Cow;

use http::Method;

use crate::dialect::DialectCall;
use crate::wire::WireFormat;

/// What a client calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiCall<'p> {
    /// The list of models, which the gateway gives by itself.
    Models,
    /// One of them, by its name.
    Model(Cow<'p, str>),
    /// What a model is to be asked.
    Ask(AskedCall<'p>),
    /// How many tokens such a request would be.
    Count(AskedCall<'p>),
    /// An answer of OpenAI's Responses that its provider keeps, by its id: to be read, or to be forgotten.
    Stored(&'p str),
}

/// What a model is to be asked, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedCall<'p> {
    /// What is asked, as plugins see it: in OpenAI's words, whatever the client's are.
    pub call: DialectCall,
    /// How the request is written.
    pub wire: WireFormat,
    /// Which model, and whether the answer is to be a stream, where the path says so; none where the body does.
    pub named: Option<(Cow<'p, str>, bool)>,
}

/// A path at which there is something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPath<'p> {
    /// The wire that clients of this path read: that of what is asked there, or of their vendor's conversations.
    pub wire: WireFormat,
    /// The methods that it takes, as `Allow` lists them (RFC 9110 section 10.2.1).
    pub methods: &'static str,
    call: ApiCall<'p>,
}

/// What asks for something.
const ASKS: &str = "POST";
/// What reads.
const READS: &str = "GET, HEAD";
/// What reads or removes.
const KEEPS: &str = "GET, DELETE";

impl<'p> ApiPath<'p> {
    /// What is at a path; none if there is nothing. Paths match exactly, but for what stands in the place of a name, so that
    /// what the client wrote never goes upstream.
    #[must_use]
    pub fn find(path: &'p str) -> Option<Self> {
        Self::fixed(path).or_else(|| Self::of_model(path)).or_else(|| Self::stored(path))
    }

    fn fixed(path: &str) -> Option<Self> {
        let (wire, call) = match path {
            "/v1/chat/completions" => (WireFormat::Chat, DialectCall::OPENAI_CHAT),
            "/v1/embeddings" => (WireFormat::Chat, DialectCall::OPENAI_EMBED),
            "/v1/responses" => (WireFormat::Responses, DialectCall::OPENAI_CHAT),
            "/v1/messages" => (WireFormat::Messages, DialectCall::OPENAI_CHAT),
            "/v1/messages/count_tokens" => {
                let asked = AskedCall { call: DialectCall::OPENAI_CHAT, wire: WireFormat::Messages, named: None };
                return Some(Self { wire: WireFormat::Messages, methods: ASKS, call: ApiCall::Count(asked) });
            }
            "/v1/models" => return Some(Self { wire: WireFormat::Chat, methods: READS, call: ApiCall::Models }),
            "/v1beta/models" => {
                return Some(Self { wire: WireFormat::GenerateContent, methods: READS, call: ApiCall::Models });
            }
            _ => return None,
        };
        Some(Self { wire, methods: ASKS, call: ApiCall::Ask(AskedCall { call, wire, named: None }) })
    }

    fn stored(path: &'p str) -> Option<Self> {
        let id = path.strip_prefix("/v1/responses/")?;
        // It stands in a path upstream as well, and every provider's ids are words.
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let good = !id.is_empty() && id.bytes().all(is_word);
        good.then_some(Self { wire: WireFormat::Responses, methods: KEEPS, call: ApiCall::Stored(id) })
    }

    /// What is at a path in which a model is named.
    fn of_model(path: &'p str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/model/") {
            let (model, verb) = rest.rsplit_once('/')?;
            let streaming = match verb {
                "converse" => false,
                "converse-stream" => true,
                _ => return None,
            };
            return Self::asked(WireFormat::Converse, model, streaming);
        }
        let (rest, home) = match path.strip_prefix("/v1beta/models/") {
            Some(rest) => (rest, WireFormat::GenerateContent),
            None => (path.strip_prefix("/v1/models/")?, WireFormat::Chat),
        };
        match rest.rsplit_once(':') {
            Some((model, "generateContent")) => Self::asked(WireFormat::GenerateContent, model, false),
            Some((model, "streamGenerateContent")) => Self::asked(WireFormat::GenerateContent, model, true),
            Some((model, "countTokens")) => {
                let named = Some((segment::name(model)?, false));
                let asked = AskedCall { call: DialectCall::OPENAI_CHAT, wire: WireFormat::GenerateContent, named };
                Some(Self { wire: WireFormat::GenerateContent, methods: ASKS, call: ApiCall::Count(asked) })
            }
            Some(_) | None => Some(Self { wire: home, methods: READS, call: ApiCall::Model(segment::name(rest)?) }),
        }
    }

    fn asked(wire: WireFormat, model: &'p str, streaming: bool) -> Option<Self> {
        let named = Some((segment::name(model)?, streaming));
        let call = ApiCall::Ask(AskedCall { call: DialectCall::OPENAI_CHAT, wire, named });
        Some(Self { wire, methods: ASKS, call })
    }

    /// Whether models are listed or shown there.
    #[must_use]
    pub fn reads_models(&self) -> bool {
        matches!(self.call, ApiCall::Models | ApiCall::Model(_))
    }

    /// What is called there by a method; none if it is not one of its [`methods`](Self::methods).
    #[must_use]
    pub fn call(&self, method: &Method) -> Option<&ApiCall<'p>> {
        let takes = match self.call {
            ApiCall::Models | ApiCall::Model(_) => method == Method::GET || method == Method::HEAD,
            ApiCall::Ask(_) | ApiCall::Count(_) => method == Method::POST,
            ApiCall::Stored(_) => method == Method::GET || method == Method::DELETE,
        };
        takes.then_some(&self.call)
    }
}
