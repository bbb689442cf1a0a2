//! What is answered, piece by piece.

use weir_usage::Usage;

use super::{ChatStop, CitationNote, JsonText, OtherBlock, RawJson, RawMembers, ServerToolBlock, ThoughtSignature};

/// A step of a stream, whatever its wire. In order: [`Start`](Self::Start) once; blocks that open, grow and close, each within
/// its choice before the next one opens unless both are tool calls; one [`Stop`](Self::Stop) for each choice; [`Usage`](Self::Usage)
/// anywhere, what comes later counting member by member; then [`End`](Self::End) or [`Failed`](Self::Failed), behind which
/// nothing comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEvent {
    /// The answer begins.
    Start(Box<AnswerStart>),
    /// A block opens.
    Open(BlockPlace, BlockStart),
    /// A block grows.
    Delta(BlockPlace, BlockDelta),
    /// A block is complete.
    Close(BlockPlace),
    /// A choice is complete; all its blocks are closed.
    Stop {
        /// Which one, from 0.
        choice: u32,
        /// Why.
        stop: ChatStop,
    },
    /// What was used so far.
    Usage(Usage),
    /// The provider says that it failed.
    Failed(Box<ApiFailure>),
    /// All was said.
    End,
    /// What only its wire has, by its kind.
    Beside(Box<str>, RawJson),
    /// A sign of life.
    Alive,
}

/// What is known when an answer begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerStart {
    /// Its identifier.
    pub id: Option<JsonText>,
    /// The model, as the provider calls it.
    pub model: Option<JsonText>,
    /// When it was made, in seconds since 1970.
    pub created: Option<u64>,
    /// How soon it is served, in the wire's word.
    pub service_tier: Option<JsonText>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockPlace {
    /// Its choice, from 0.
    pub choice: u32,
    /// Its number within the choice, from 0, in the order in which blocks open.
    pub block: u32,
}

/// What kind of block opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockStart {
    /// Text.
    Text,
    /// The model says that it will not.
    Refusal,
    /// What the model thinks.
    Reasoning {
        /// Its identifier as an item (Responses).
        id: Option<JsonText>,
    },
    /// The model calls a tool of the client's.
    ToolUse {
        /// What its result will name.
        id: Option<JsonText>,
        /// Its identifier as an item (Responses).
        item: Option<JsonText>,
        /// The tool.
        name: JsonText,
        /// It takes free text.
        custom: bool,
    },
    /// A tool that runs at the provider, whole.
    ServerTool(ServerToolBlock),
    /// Anything else, as it stood.
    Other(OtherBlock),
}

/// What a block grows by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockDelta {
    /// Text of a text.
    Text(JsonText),
    /// Text of a refusal.
    Refusal(JsonText),
    /// The model's thoughts, in its own words.
    Reasoning(JsonText),
    /// The model's thoughts in short; true if another summary begins with it.
    Summary(JsonText, bool),
    /// Arguments of a tool call: a piece of the JSON text, or of the free text of a custom tool.
    Input(JsonText),
    /// Arguments of a tool call, whole.
    WholeInput(RawJson),
    /// What the model needs to see again with the block.
    Signature(ThoughtSignature),
    /// What the text rests on.
    Citation(CitationNote),
    /// What the wire says of the probability of its tokens, as it stood.
    Logprobs(RawJson),
    /// What only its wire has, as it stood.
    Other(RawJson),
}

/// What a provider says of its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFailure {
    /// In the provider's words.
    pub message: JsonText,
    /// The provider's type of it, such as `overloaded_error` or `UNAVAILABLE`.
    pub kind: Option<JsonText>,
    /// The provider's code of it.
    pub code: Option<JsonText>,
    /// The parameter at fault.
    pub param: Option<JsonText>,
}
