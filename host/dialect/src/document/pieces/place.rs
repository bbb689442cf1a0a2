//! The words in which it is said what a value is: the places of a body, and what members mean.

/// Which part of a body a value is in, as far as it matters for what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyArea {
    /// A request for a chat.
    Chat,
    /// A request to embed.
    Embed,
    /// The answer of a chat, or an event of one.
    Answer,
    /// The answer to a request to embed.
    Vectors,
    /// One of what was embedded, or the list of them.
    Vector,
    /// What is to be embedded, as texts, as parts of a message, or as numbers of tokens.
    Input,
    /// A message, or the list of them.
    Message,
    /// A choice, or the list of them.
    Choice,
    /// A part of a message, or the list of them.
    Part,
    /// A part of what a model thinks, or the list of them.
    Detail,
    /// A tool call, or the list of them.
    Call,
    /// What is called.
    Function,
    /// An image or another file.
    Media,
    /// What refers to a source, or the list of them.
    Note,
    /// What was used, or what a filter has measured.
    Figures,
    /// A parameter of the request that has members.
    Settings,
    /// What a model is told of tools and formats.
    Tool,
    /// A JSON Schema, or a list of them.
    Schema,
    /// An object whose author chose the names of its members.
    Names,
    /// `logprobs`.
    Logprobs,
    /// What an upstream says against a request: it may repeat anything of it, at any place.
    Error,
    /// What is somebody's own, in whatever form: what a tool is called with, the data in a schema, whatever the dialect does
    /// not know.
    Free,
}

impl BodyArea {
    /// A bit for each.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    #[cfg(test)]
    pub(super) const ALL: [Self; 22] = [
        Self::Chat,
        Self::Embed,
        Self::Answer,
        Self::Vectors,
        Self::Vector,
        Self::Input,
        Self::Message,
        Self::Choice,
        Self::Part,
        Self::Detail,
        Self::Call,
        Self::Function,
        Self::Media,
        Self::Note,
        Self::Figures,
        Self::Settings,
        Self::Tool,
        Self::Schema,
        Self::Names,
        Self::Logprobs,
        Self::Error,
        Self::Free,
    ];

    /// Which numbers that are members of an object here are read as text.
    pub(super) fn numbers(self) -> NumberRule {
        match self {
            Self::Answer | Self::Vectors | Self::Vector | Self::Figures | Self::Logprobs => NumberRule::None,
            Self::Chat | Self::Embed | Self::Settings | Self::Media | Self::Note => NumberRule::Due,
            Self::Input
            | Self::Message
            | Self::Choice
            | Self::Part
            | Self::Detail
            | Self::Call
            | Self::Function
            | Self::Tool
            | Self::Schema
            | Self::Names
            | Self::Error
            | Self::Free => NumberRule::Long,
        }
    }
}

/// Which numbers are read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberRule {
    /// None: they measure something.
    None,
    /// Those in the place of a text; the others are parameters.
    Due,
    /// These, and long ones in what is somebody's own.
    Long,
}

/// When a string is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NonTextRule {
    /// Never.
    Show,
    /// When it is long, and bytes in base64.
    Long,
    /// When it is one word.
    Word,
    /// When it is the name of a format: one word of letters.
    Format,
    /// When it is the name of a type of JSON.
    SchemaType,
    /// When it is bytes in base64.
    Encoded,
    /// When it is sound, or bytes of another kind that was said before.
    Sound,
    /// When it is a file that is no text.
    File,
    /// When it is an address, or a file that is no text.
    Address,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberMeaning {
    /// What is said, or thought, or whatever else its surroundings are about.
    Said,
    Refusal,
    Arguments,
    Description,
    Reasoning,
    /// A name that somebody has given.
    Named,
    Calls,
    Function,
    Message,
    Choice,
    Logprobs,
    Parts,
    Input,
    Vectors,
    Figures,
    Settings,
    Note,
    Tool,
    /// A word, or the description of a tool.
    ToolWord,
    Schema,
    /// Schemas under names of somebody's choice.
    Schemas,
    /// Values under names of somebody's choice.
    Chosen,
    /// A file, or its address.
    Media,
    Address,
    File,
    Sound,
    /// An identifier, or a word of the dialect.
    Word,
    Format,
    SchemaType,
    /// Bytes, written as text.
    Encoded,
    Unknown,
}
