//! The languages that are spoken here, and what can be asked in them.

/// A language that clients and providers speak. What each says for itself is in `codec.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's API, as OpenAI and many others offer it.
    OpenAi,
}

/// What can be asked of a model, in whatever language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To go on with a conversation, such as OpenAI's chat completions.
    Chat,
    /// To make vectors of texts, such as OpenAI's embeddings.
    Embed,
}

/// An operation as one language has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DialectCall {
    /// The language.
    pub dialect: Dialect,
    /// What is asked.
    pub operation: Operation,
}

impl DialectCall {
    /// OpenAI's chat completions.
    pub const OPENAI_CHAT: Self = Self::openai(Operation::Chat);
    /// OpenAI's embeddings.
    pub const OPENAI_EMBED: Self = Self::openai(Operation::Embed);
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::OPENAI_CHAT, Self::OPENAI_EMBED];

    pub(crate) const fn openai(operation: Operation) -> Self {
        Self { dialect: Dialect::OpenAi, operation }
    }

    /// Its name in the plugin contract (`request.dialect`).
    pub fn contract_name(self) -> &'static str {
        match (self.dialect, self.operation) {
            (Dialect::OpenAi, Operation::Chat) => "openai.chat",
            (Dialect::OpenAi, Operation::Embed) => "openai.embeddings",
        }
    }
}
