//! A provider of the catalogue.

use serde::Deserialize;

use super::quirks::Quirks;
use super::set::{CatalogWord, words};

/// A provider of the catalogue: `[[provider]]` in `config/catalog/providers.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogRow {
    /// What `kind` calls it: lower case letters, digits and `-`.
    pub name: Box<str>,
    /// What it speaks.
    pub dialect: CatalogDialect,
    /// What its own SDK takes as the base URL; `{…}` in it stands for what differs from account to account.
    base_url: Box<str>,
    /// How it wants to see its key.
    pub auth: AuthStyle,
    /// The environment variables that hold its key, in the order in which they are looked for.
    pub key_env: Vec<Box<str>>,
    /// What can be asked there.
    pub endpoints: Vec<CatalogEndpoint>,
    /// In what it differs from its dialect.
    #[serde(default)]
    pub quirks: Quirks,
    /// Where the row comes from.
    pub source: Box<str>,
}

impl CatalogRow {
    /// Its base URL, where it is the same for everybody.
    #[must_use]
    pub fn base_url(&self) -> Option<&str> {
        let is_whole = !self.base_url.contains('{');
        is_whole.then_some(&self.base_url)
    }

    /// Its base URL with what differs from account to account between braces, to show how one looks.
    #[must_use]
    pub fn base_url_form(&self) -> &str {
        &self.base_url
    }

    /// Whether nobody is answered there without a key.
    #[must_use]
    pub fn demands_key(&self) -> bool {
        self.auth != AuthStyle::None
    }
}

words! {
    /// What a provider of the catalogue speaks.
    CatalogDialect {
        /// Chat completions, and what else OpenAI has.
        OpenAi = "openai",
        /// Anthropic's Messages.
        Anthropic = "anthropic",
        /// `generateContent`, of the Gemini API and of Vertex.
        Gemini = "gemini",
        /// Converse.
        Bedrock = "bedrock",
        /// Cohere's API v2.
        Cohere = "cohere",
        /// Ollama's own API.
        Ollama = "ollama",
    }
}

words! {
    /// How a provider wants to see its key.
    AuthStyle {
        /// `authorization: Bearer …`.
        Bearer = "bearer",
        /// `x-api-key`, as Anthropic has it.
        XApiKey = "x-api-key",
        /// `x-goog-api-key`, as the Gemini API has it.
        XGoogApiKey = "x-goog-api-key",
        /// `api-key`, as Azure has it.
        ApiKey = "api-key",
        /// AWS' Signature Version 4, or a bearer token.
        SigV4 = "sigv4",
        /// A bearer token that a service account's key is exchanged for.
        Gcp = "gcp",
        /// None is looked for: it runs on one's own machines. One that is given is sent as a bearer token.
        None = "none",
    }
}

words! {
    /// What can be asked at a provider.
    CatalogEndpoint {
        /// Chat, in the provider's dialect.
        Chat = "chat",
        /// OpenAI's completions of a text.
        Completions = "completions",
        /// OpenAI's Responses.
        Responses = "responses",
        /// Embeddings, in the provider's dialect.
        Embeddings = "embeddings",
        /// Pictures.
        Images = "images",
        /// Speech and transcriptions.
        Audio = "audio",
        /// Moderations.
        Moderations = "moderations",
        /// Rankings.
        Rerank = "rerank",
        /// Files.
        Files = "files",
        /// Batches.
        Batches = "batches",
        /// Anthropic's Messages.
        Messages = "messages",
        /// Counts of tokens.
        CountTokens = "count_tokens",
        /// Gemini's `generateContent` and `streamGenerateContent`.
        GenerateContent = "generate_content",
        /// Gemini's `embedContent` and `batchEmbedContents`.
        EmbedContent = "embed_content",
        /// Bedrock's `converse` and `converse-stream`.
        Converse = "converse",
    }
}

impl AuthStyle {
    /// The name of the header that a key is sent in, in lower case.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::XApiKey => "x-api-key",
            Self::XGoogApiKey => "x-goog-api-key",
            Self::ApiKey => "api-key",
            Self::Bearer | Self::SigV4 | Self::Gcp | Self::None => "authorization",
        }
    }
}
