//! What a client can ask.

/// One endpoint of one dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// OpenAI's `POST /chat/completions`.
    Chat,
    /// OpenAI's `POST /embeddings`.
    Embeddings,
}

impl Endpoint {
    /// Its path below the base URL of a provider, and below `/v1` here.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Embeddings => "/embeddings",
        }
    }

    /// Its name in the plugin contract (`types.facts.dialect`).
    pub fn dialect(self) -> &'static str {
        match self {
            Self::Chat => "openai.chat",
            Self::Embeddings => "openai.embeddings",
        }
    }
}
