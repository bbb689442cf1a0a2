//! What is answered.

use weir_usage::Usage;

use super::{ContentBlock, JsonText, RawJson, RawMembers};
use crate::wire::WireFormat;

/// A whole answer, whatever wire it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAnswer {
    /// The wire it came in, whose the extras are.
    pub wire: WireFormat,
    /// Its identifier.
    pub id: Option<JsonText>,
    /// The model, as the provider calls it.
    pub model: Option<JsonText>,
    /// When it was made, in seconds since 1970.
    pub created: Option<u64>,
    /// What was said, once for each that was asked for.
    pub choices: Vec<ChatChoice>,
    /// What was used, where it is said.
    pub usage: Option<Usage>,
    /// What only its wire says of what was used. It is told and not asked for, so that it is no loss elsewhere.
    pub usage_extra: RawMembers,
    /// How soon it was served, in the wire's word.
    pub service_tier: Option<JsonText>,
    /// The question was refused before the model saw it, with the reason in the wire's word.
    pub blocked: Option<JsonText>,
    /// What only its wire has.
    pub extra: RawMembers,
}

impl ChatAnswer {
    /// An empty answer of a wire.
    #[must_use]
    pub fn new(wire: WireFormat) -> Self {
        Self {
            wire,
            id: None,
            model: None,
            created: None,
            choices: Vec::new(),
            usage: None,
            usage_extra: RawMembers::default(),
            service_tier: None,
            blocked: None,
            extra: RawMembers::default(),
        }
    }
}

/// One of the answers to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatChoice {
    /// Which one, from 0.
    pub index: u32,
    /// What it says.
    pub blocks: Vec<ContentBlock>,
    /// Why it ends; none where that is not said.
    pub stop: Option<ChatStop>,
    /// What the wire says of the probability of its tokens, as it stood.
    pub logprobs: Option<RawJson>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// Why an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatStop {
    /// What that is.
    pub kind: StopKind,
    /// In the wire's word.
    pub word: JsonText,
    /// The words at which it stopped, where they are said.
    pub sequence: Option<JsonText>,
    /// What the wire says beside it, as it stood.
    pub details: Option<RawJson>,
}

/// Why an answer ends, whatever its wire calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopKind {
    /// All was said.
    End,
    /// One of the request's words to stop at came.
    Sequence,
    /// The most tokens that it may have were written.
    Length,
    /// The model waits for results of tools.
    ToolUse,
    /// The model will not.
    Refusal,
    /// A filter has cut it off.
    Filtered,
    /// A guardrail of the client's own making has stepped in.
    Guardrail,
    /// The provider wants to be asked to go on.
    Paused,
    /// The model's window is full.
    ContextFull,
    /// The model wrote what cannot be read, such as a call of no tool.
    Malformed,
    /// Something else.
    Other,
}
