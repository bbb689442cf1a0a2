//! Bodies that are written differently.

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
    /// Cohere's chat of its second version (`POST /v2/chat`).
    CohereChat,
    /// Ollama's own chat (`POST /api/chat`).
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

    /// Whether a request says within its body which model it asks and whether it wants a stream; elsewhere its path does.
    #[must_use]
    pub fn names_model(self) -> bool {
        match self {
            Self::Chat | Self::Responses | Self::Messages | Self::CohereChat | Self::OllamaChat => true,
            Self::GenerateContent | Self::Converse => false,
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
