//! What providers' specifications allow.

mod botocore;
mod gaps;
mod json_schema;
mod operations;
mod proto;
mod said;

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::find::{bytes, parse, shared_data};
use botocore::ServiceModel;
use json_schema::JsonSchemas;
use proto::ProtoMessages;

pub use gaps::SpecGap;
pub use said::{SpecFault, SpecSide};

/// What a provider's specification allows: requests, answers and events of its operations.
///
/// Requests are held to it strictly: a member that the specification does not know is a fault, at the top everywhere, and
/// within it where the provider rejects it there too (Anthropic, Bedrock, Gemini). Answers and events may have members more.
/// What providers really said and their specification does not know is let pass: [`Spec::gaps`]. An operation that the
/// specification does not have is a panic.
pub struct Spec {
    name: &'static str,
    rules: Rules,
}

/// How a specification is written.
enum Rules {
    Schemas(JsonSchemas),
    Shapes(ServiceModel),
    Messages(ProtoMessages),
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spec").field(&self.name).finish()
    }
}

/// One that is read once; `None` where the shared data is not here.
macro_rules! read_once {
    ($file:literal, $name:literal, $read:expr) => {{
        static READ: OnceLock<Option<Spec>> = OnceLock::new();
        READ.get_or_init(|| {
            let file = shared_data()?.join("specs").join($file);
            Some(Spec { name: $name, rules: $read(document(&file)) })
        })
        .as_ref()
    }};
}

fn document(file: &Path) -> Value {
    parse(&bytes(file), file)
}

impl Spec {
    /// OpenAI's (OpenAPI 3.1). Operations are its paths: `/chat/completions`, `/responses`, `/embeddings`, `/models`,
    /// `/models/{model}`, `/responses/input_tokens` …, and `error` for the answer that is one.
    #[must_use]
    pub fn openai() -> Option<&'static Self> {
        read_once!("openai.openapi.json", "openai", |document| Rules::Schemas(operations::openai(document)))
    }

    /// Anthropic's, without what is in beta. Operations: `/v1/messages`, `/v1/messages/count_tokens`, `/v1/models`,
    /// `/v1/models/{model}`, `error`.
    #[must_use]
    pub fn anthropic() -> Option<&'static Self> {
        read_once!("anthropic.messages.schema.json", "anthropic", |document| Rules::Schemas(operations::anthropic(
            document, ""
        )))
    }

    /// Anthropic's with what is in beta. Operation: `/v1/messages`.
    #[must_use]
    pub fn anthropic_beta() -> Option<&'static Self> {
        read_once!("anthropic.beta-messages.schema.json", "anthropic-beta", |document| Rules::Schemas(
            operations::anthropic(document, "Beta")
        ))
    }

    /// Cohere's v2. Operations: `/v2/chat`, `/v2/embed` (answer only), `/v2/rerank` (answer only).
    #[must_use]
    pub fn cohere() -> Option<&'static Self> {
        read_once!("cohere.v2.schema.json", "cohere", |document| Rules::Schemas(operations::cohere(document)))
    }

    /// Mistral's. Operations: `/v1/chat/completions`, `/v1/embeddings`.
    #[must_use]
    pub fn mistral() -> Option<&'static Self> {
        read_once!("mistral.schema.json", "mistral", |document| Rules::Schemas(operations::mistral(document)))
    }

    /// The Gemini API's, v1beta. Operations: `generateContent` (whose answer is each event of its stream), `countTokens`,
    /// `embedContent`, `batchEmbedContents`, `models`, `models/{model}`, `cachedContents`.
    #[must_use]
    pub fn gemini() -> Option<&'static Self> {
        read_once!("gemini.v1beta.proto.schema.json", "gemini", |document| Rules::Messages(
            ProtoMessages::of_descriptors(document)
        ))
    }

    /// Vertex's, v1: the operations of [`Spec::gemini`] that it has.
    #[must_use]
    pub fn vertex() -> Option<&'static Self> {
        read_once!("vertex.aiplatform.v1.discovery.json", "vertex", |document| Rules::Messages(
            ProtoMessages::of_discovery(document)
        ))
    }

    /// Bedrock's (a service model of botocore). Operations: `Converse`, `CountTokens`, `ApplyGuardrail`, and `error`. An event is
    /// `{"contentBlockDelta": {…}}`: its type as the one member.
    #[must_use]
    pub fn bedrock() -> Option<&'static Self> {
        read_once!("bedrock-runtime.service-2.json", "bedrock", |document| Rules::Shapes(ServiceModel::of(document)))
    }

    /// Holds the body of a request against it.
    ///
    /// # Errors
    /// What is wrong, each with its place.
    pub fn request(&self, operation: &str, body: &Value) -> Result<(), Vec<SpecFault>> {
        self.check(SpecSide::Request, operation, body)
    }

    /// Holds a whole answer against it.
    ///
    /// # Errors
    /// What is wrong, each with its place.
    pub fn answer(&self, operation: &str, body: &Value) -> Result<(), Vec<SpecFault>> {
        self.check(SpecSide::Answer, operation, body)
    }

    /// Holds an event of a streamed answer against it.
    ///
    /// # Errors
    /// What is wrong, each with its place.
    pub fn event(&self, operation: &str, event: &Value) -> Result<(), Vec<SpecFault>> {
        self.check(SpecSide::Event, operation, event)
    }

    /// What recordings show and the specification does not know.
    #[must_use]
    pub fn gaps(&self) -> &'static [SpecGap] {
        gaps::of(self.name)
    }

    fn check(&self, side: SpecSide, operation: &str, value: &Value) -> Result<(), Vec<SpecFault>> {
        let mut faults = self.strictly(side, operation, value);
        faults.retain(|fault| !self.gaps().iter().any(|gap| gap.covers(side, fault)));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What is wrong by the specification alone.
    fn strictly(&self, side: SpecSide, operation: &str, value: &Value) -> Vec<SpecFault> {
        let found = match &self.rules {
            Rules::Schemas(schemas) => schemas.check(side, operation, value),
            Rules::Shapes(model) => model.check(side, operation, value),
            Rules::Messages(messages) => messages.check(side, operation, value),
        };
        found.unwrap_or_else(|| panic!("{}: no {side:?} of {operation:?}", self.name))
    }
}

#[cfg(test)]
mod tests;
