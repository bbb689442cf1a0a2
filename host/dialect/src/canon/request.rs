//! What is asked.

use super::{AnswerFormat, ChatTool, ChatTurn, JsonText, RawJson, RawMembers, ReasoningWish, SamplingParams, ToolPick};
use crate::wire::WireFormat;

/// A conversation to go on with, whatever wire it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRequest {
    /// The wire it came in, whose the extras are.
    pub wire: WireFormat,
    /// The model, by the name that the client calls it.
    pub model: Box<str>,
    /// Whether the answer is to come as a stream.
    pub streaming: bool,
    /// The turns, those of the application among them, in order.
    pub turns: Vec<ChatTurn>,
    /// The tools that there are.
    pub tools: Vec<ChatTool>,
    /// Which of them.
    pub pick: Option<ToolPick>,
    /// Whether several may be called at once.
    pub parallel: Option<bool>,
    /// The form of the answer's text.
    pub format: AnswerFormat,
    /// How words are chosen.
    pub sampling: SamplingParams,
    /// The most tokens that the model may write.
    pub max_output: Option<RawJson>,
    /// What is wanted of the model's thoughts.
    pub reasoning: ReasoningWish,
    /// Who asks, as the client tells the provider.
    pub user: Option<JsonText>,
    /// What the client keeps with the request.
    pub metadata: Option<RawJson>,
    /// How soon, in the wire's word.
    pub service_tier: Option<JsonText>,
    /// Whether a stream is to end with what was used; none where nobody said.
    pub include_usage: Option<bool>,
    /// The answer that it goes on from (Responses).
    pub previous: Option<JsonText>,
    /// Whether the provider is to keep it.
    pub store: Option<bool>,
    /// What only its wire has.
    pub extra: RawMembers,
}

impl ChatRequest {
    /// An empty request of a wire.
    #[must_use]
    pub fn new(wire: WireFormat, model: &str, streaming: bool) -> Self {
        Self {
            wire,
            model: model.into(),
            streaming,
            turns: Vec::new(),
            tools: Vec::new(),
            pick: None,
            parallel: None,
            format: AnswerFormat::Unsaid,
            sampling: SamplingParams::default(),
            max_output: None,
            reasoning: ReasoningWish::default(),
            user: None,
            metadata: None,
            service_tier: None,
            include_usage: None,
            previous: None,
            store: None,
            extra: RawMembers::default(),
        }
    }
}
