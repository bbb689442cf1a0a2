//! Bodies that are written differently.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How a body is written: the key of every codec. One dialect has several where its operations differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireFormat {
    /// OpenAI's chat completions (`POST /v1/chat/completions`), as many others have them.
    Chat,
    /// OpenAI's responses (`POST /v1/responses`).
    Responses,
    /// Anthropic's messages (`POST /v1/messages`).
    Messages,
    /// Gemini's contents (`POST /v1beta/models/{model}:generateContent`), Vertex AI's as well.
    GenerateContent,
    /// Amazon Bedrock's conversations (`POST /model/{model}/converse`).
    Converse,
    /// Cohere's conversations (`POST /v2/chat`), which providers speak and no client does.
    CohereChat,
    /// Ollama's conversations (`POST /api/chat`), which providers speak and no client does.
    OllamaChat,
}

impl WireFormat {
    /// Who made it: whose signatures are in it, unless a model of somebody else is asked by it.
    #[must_use]
    pub fn vendor(self) -> Vendor {
        match self {
            Self::Chat | Self::Responses => Vendor::OpenAi,
            Self::Messages => Vendor::Anthropic,
            Self::GenerateContent => Vendor::Google,
            Self::Converse => Vendor::Amazon,
            Self::CohereChat | Self::OllamaChat => Vendor::Other,
        }
    }

    /// Whether there are clients that speak it.
    #[must_use]
    pub fn has_clients(self) -> bool {
        !matches!(self, Self::CohereChat | Self::OllamaChat)
    }

    /// Whose signatures a model of this name has, where it is asked by this wire: Bedrock has models of several vendors, and
    /// names them first, behind a region if there is one (`eu.anthropic.claude-…`).
    #[must_use]
    pub fn vendor_of(self, model: &str) -> Vendor {
        match self {
            Self::Converse if model.contains("anthropic.") => Vendor::Anthropic,
            Self::Converse if model.contains("openai.") => Vendor::OpenAi,
            _ => self.vendor(),
        }
    }

    /// Where such a request goes, below the base URL that the vendor's own SDK takes: to this model, for a stream or not.
    #[must_use]
    pub fn path(self, model: &str, streaming: bool) -> Cow<'static, str> {
        match (self, streaming) {
            (Self::Chat, _) => Cow::Borrowed("/chat/completions"),
            (Self::Responses, _) => Cow::Borrowed("/responses"),
            (Self::Messages, _) => Cow::Borrowed("/v1/messages"),
            (Self::GenerateContent, false) => Cow::Owned(format!("/v1beta/models/{}:generateContent", segment(model))),
            (Self::GenerateContent, true) => {
                Cow::Owned(format!("/v1beta/models/{}:streamGenerateContent?alt=sse", segment(model)))
            }
            (Self::Converse, false) => Cow::Owned(format!("/model/{}/converse", segment(model))),
            (Self::Converse, true) => Cow::Owned(format!("/model/{}/converse-stream", segment(model))),
            (Self::CohereChat, _) => Cow::Borrowed("/v2/chat"),
            (Self::OllamaChat, _) => Cow::Borrowed("/api/chat"),
        }
    }

    /// Where vectors of several texts are asked for by the same API, below the same URL; none where they are not.
    #[must_use]
    pub fn embed_path(self, model: &str) -> Option<Cow<'static, str>> {
        match self {
            Self::Chat | Self::Responses => Some(Cow::Borrowed("/embeddings")),
            Self::GenerateContent => Some(Cow::Owned(format!("/v1beta/models/{}:batchEmbedContents", segment(model)))),
            Self::CohereChat => Some(Cow::Borrowed("/v2/embed")),
            Self::OllamaChat => Some(Cow::Borrowed("/api/embed")),
            Self::Messages | Self::Converse => None,
        }
    }

    /// What its paths begin with that some write at the end of the base URL as well; empty where nobody does.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Messages => "/v1",
            Self::GenerateContent => "/v1beta",
            Self::CohereChat => "/v2",
            Self::OllamaChat => "/api",
            Self::Chat | Self::Responses | Self::Converse => "",
        }
    }

    /// How the events of a stream are told apart.
    #[must_use]
    pub fn framing(self) -> Framing {
        match self {
            Self::Converse => Framing::EventMessages,
            Self::OllamaChat => Framing::JsonLines,
            Self::Chat | Self::Responses | Self::Messages | Self::GenerateContent | Self::CohereChat => Framing::Sse,
        }
    }

    /// Whether both are wires of one API, whose headers mean the same to either.
    #[inline]
    #[must_use]
    pub fn is_of_one_api(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Chat, Self::Responses) | (Self::Responses, Self::Chat))
    }

    /// Whether a client's header is one of the dialect's own, which its provider is meant to see. `name` is in lower case.
    #[inline]
    #[must_use]
    pub fn has_header(self, name: &str) -> bool {
        match self {
            Self::Chat | Self::Responses => matches!(name, "openai-beta" | "openai-organization" | "openai-project"),
            Self::Messages => matches!(name, "anthropic-version" | "anthropic-beta"),
            Self::GenerateContent => matches!(name, "x-goog-api-client" | "x-goog-user-project" | "x-server-timeout"),
            Self::Converse => name.starts_with("x-amzn-bedrock-"),
            // No client speaks these.
            Self::CohereChat | Self::OllamaChat => false,
        }
    }

    /// Whether a request says within its body which model it asks and whether it wants a stream; elsewhere its path does.
    #[must_use]
    pub fn names_model(self) -> bool {
        match self {
            Self::Chat | Self::Responses | Self::Messages | Self::CohereChat | Self::OllamaChat => true,
            Self::GenerateContent | Self::Converse => false,
        }
    }
}

/// How the events of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML section 9.2).
    Sse,
    /// Messages of AWS's event stream, which are no text.
    EventMessages,
    /// A JSON value a line.
    JsonLines,
}

impl Framing {
    /// The media type of such a stream.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::EventMessages => "application/vnd.amazon.eventstream",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// Who alone can read what was signed or encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// OpenAI.
    OpenAi,
    /// Anthropic, wherever its models run.
    Anthropic,
    /// Google.
    Google,
    /// Amazon's own models.
    Amazon,
    /// Somebody else.
    Other,
}

/// A name as one segment of a path: what may not stand there as it is, is percent-encoded (RFC 3986 section 2.3).
pub(crate) fn segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing into a string does not fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment_of_its_path_whatever_its_name() {
        let path = WireFormat::Converse.path("arn:aws:bedrock:eu/x v1:0", true);
        assert_eq!(path, "/model/arn%3Aaws%3Abedrock%3Aeu%2Fx%20v1%3A0/converse-stream");
        assert_eq!(
            WireFormat::GenerateContent.path("gemini-2.5-pro", false),
            "/v1beta/models/gemini-2.5-pro:generateContent"
        );
    }

    #[test]
    fn vectors_are_asked_for_where_the_api_has_them() {
        let path = |wire: WireFormat| wire.embed_path("m/1").map(Cow::into_owned);
        assert_eq!(path(WireFormat::CohereChat).as_deref(), Some("/v2/embed"));
        assert_eq!(path(WireFormat::OllamaChat).as_deref(), Some("/api/embed"));
        assert_eq!(path(WireFormat::GenerateContent).as_deref(), Some("/v1beta/models/m%2F1:batchEmbedContents"));
        assert_eq!((path(WireFormat::Messages), path(WireFormat::Converse)), (None, None));
    }

    #[test]
    fn a_model_of_bedrock_is_its_vendors() {
        let vendor = |model| WireFormat::Converse.vendor_of(model);
        assert_eq!(vendor("eu.anthropic.claude-sonnet-4-5-20250929-v1:0"), Vendor::Anthropic);
        assert_eq!(vendor("openai.gpt-oss-120b-1:0"), Vendor::OpenAi);
        assert_eq!(vendor("amazon.nova-pro-v1:0"), Vendor::Amazon);
        assert_eq!(WireFormat::Chat.vendor_of("anthropic.claude"), Vendor::OpenAi);
    }
}
