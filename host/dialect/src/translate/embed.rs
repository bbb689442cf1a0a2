//! Vectors of texts from one wire to another. A wire is that of the conversations that the same API has.

use bytes::Bytes;

use crate::canon::{
    AnswerContext, DecodeFault, EmbedAnswer, EmbedContent, EmbedRequest, FieldLosses, RawJson, TargetRules,
};
use crate::wire::WireFormat;
use crate::{chat, cohere, gemini, ollama};

/// What the client asks for vectors in, and what the provider is asked in, which differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EmbedPair {
    /// The client's.
    client: WireFormat,
    /// The provider's.
    provider: WireFormat,
}

impl EmbedPair {
    /// Both wires; none where either has no vectors.
    #[must_use]
    pub fn new(client: WireFormat, provider: WireFormat) -> Option<Self> {
        let asks = matches!(client, WireFormat::Chat | WireFormat::GenerateContent);
        (asks && provider.embed_path("").is_some()).then_some(Self { client, provider })
    }

    /// A request as the provider reads it ([`WireFormat::embed_path`]). What it cannot carry is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: the body is none of the client's wire, or asks for vectors of another model's tokens.
    pub fn request(self, body: &Bytes, rules: &TargetRules, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        let mut request = self.read(body, &rules.model)?;
        match self.provider {
            WireFormat::GenerateContent => {
                let is_tokens = |content: &EmbedContent| matches!(content, EmbedContent::Tokens(_));
                if request.inputs.iter().any(|input| is_tokens(&input.content)) {
                    return Err(DecodeFault::Field { field: "input", due: "text" });
                }
                // It is asked for several, whatever their number.
                request.one = false;
                Ok(gemini::encode_embed(&request, rules, losses))
            }
            WireFormat::CohereChat => cohere::encode_embed(&request, rules, losses),
            WireFormat::OllamaChat => ollama::encode_embed(&request, rules, losses),
            WireFormat::Chat | WireFormat::Responses | WireFormat::Messages | WireFormat::Converse => {
                Ok(chat::encode_embed(&request, rules, losses))
            }
        }
    }

    /// Vectors as the client reads them. What it cannot carry is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: the body is none of the provider's wire, or has not one vector for each input.
    pub fn answer(self, body: &Bytes, context: &AnswerContext, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        let answer = self.read_answer(&RawJson::parse(body.clone())?)?;
        let request = self.read(&context.request, &context.model)?;
        if answer.vectors.len() != request.inputs.len() {
            return Err(DecodeFault::Field { field: "embeddings", due: "a vector for each input" });
        }
        Ok(match self.client {
            WireFormat::GenerateContent => gemini::encode_embed_answer(&answer, request.one, losses),
            _ => {
                let (encoding, estimate) = (request.encoding.as_ref(), estimate(&request));
                chat::encode_embed_answer(&answer, &context.model, encoding, estimate, losses)
            }
        })
    }

    /// Whether this is a whole answer of the provider's.
    #[must_use]
    pub fn is_answer(self, body: &[u8]) -> bool {
        let parsed = RawJson::parse(Bytes::copy_from_slice(body));
        parsed.is_ok_and(|raw| self.read_answer(&raw).is_ok())
    }

    fn read(self, body: &Bytes, model: &str) -> Result<EmbedRequest, DecodeFault> {
        let body = RawJson::parse(body.clone())?;
        match self.client {
            WireFormat::GenerateContent => gemini::decode_embed(&body, model),
            _ => chat::decode_embed(&body),
        }
    }

    fn read_answer(self, body: &RawJson) -> Result<EmbedAnswer, DecodeFault> {
        match self.provider {
            WireFormat::GenerateContent => gemini::decode_embed_answer(body),
            WireFormat::CohereChat => cohere::decode_embed_answer(body),
            WireFormat::OllamaChat => ollama::decode_embed_answer(body),
            WireFormat::Chat | WireFormat::Responses | WireFormat::Messages | WireFormat::Converse => {
                chat::decode_embed_answer(body)
            }
        }
    }
}

/// The tokens that a request's texts may have had.
fn estimate(request: &EmbedRequest) -> u64 {
    let bytes = request.inputs.iter().map(|input| match &input.content {
        EmbedContent::Text(text) => text.text().len(),
        // A token of a list takes some bytes as well.
        EmbedContent::Tokens(tokens) => tokens.bytes().len(),
        EmbedContent::Blocks(_) => 0,
    });
    weir_usage::estimate_tokens(bytes.sum::<usize>() as u64)
}
