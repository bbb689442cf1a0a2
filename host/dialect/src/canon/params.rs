//! What a request says beside its turns.

use super::{CacheMark, JsonText, RawJson, RawMembers};

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatTool {
    /// Its name.
    pub name: JsonText,
    /// What it is for.
    pub description: Option<JsonText>,
    /// JSON Schema of its arguments.
    pub schema: Option<RawJson>,
    /// The arguments are to follow the schema exactly.
    pub strict: Option<bool>,
    /// What kind of tool it is.
    pub kind: ChatToolKind,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// What kind of tool it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatToolKind {
    /// A function of the client's, called by arguments in JSON.
    Function,
    /// A tool of the client's that takes free text (OpenAI's `custom`).
    Custom,
    /// One that runs at the provider or that only this wire knows, as it stood. Its name is its type.
    Server(RawJson),
}

/// Which tools the model may or must call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolPick {
    /// It decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Any,
    /// This one.
    One(JsonText),
    /// One of these.
    Among {
        /// Their names.
        names: Vec<JsonText>,
        /// It must call one.
        must: bool,
    },
    /// What only its wire has, as it stood.
    Other(RawJson),
}

/// The form of the answer's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Nobody said.
    #[default]
    Unsaid,
    /// Text.
    Text,
    /// JSON of any form.
    JsonObject,
    /// JSON of this form.
    JsonSchema {
        /// The schema's name.
        name: Option<JsonText>,
        /// What it is for.
        description: Option<JsonText>,
        /// JSON Schema.
        schema: RawJson,
        /// It is to be followed exactly.
        strict: Option<bool>,
        /// What only its wire has.
        extra: RawMembers,
    },
}

/// How the model chooses its words: numbers as they stood, for what is one to one wire is checked by the other side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SamplingParams {
    /// From 0, the same words again, to 1 or 2.
    pub temperature: Option<RawJson>,
    /// The share of probability from which words are taken.
    pub top_p: Option<RawJson>,
    /// The number of words from which is chosen.
    pub top_k: Option<RawJson>,
    /// The least probability of a word.
    pub min_p: Option<RawJson>,
    /// Against what was said already.
    pub presence_penalty: Option<RawJson>,
    /// Against what was said often.
    pub frequency_penalty: Option<RawJson>,
    /// For answers that can be had again.
    pub seed: Option<RawJson>,
    /// How many answers.
    pub choices: Option<RawJson>,
    /// Whether probabilities are to be shown.
    pub logprobs: Option<RawJson>,
    /// …and of how many words each.
    pub top_logprobs: Option<RawJson>,
    /// For or against words.
    pub logit_bias: Option<RawJson>,
    /// Where the model stops.
    pub stop: Vec<JsonText>,
    /// They were written as one string.
    pub one_stop: bool,
}

/// What a request wants of the model's thoughts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReasoningWish {
    /// How much, in words such as `low`.
    pub effort: Option<JsonText>,
    /// How many tokens at most.
    pub budget: Option<RawJson>,
    /// Whether it is to think at all.
    pub mode: ReasoningMode,
    /// What is to be shown.
    pub show: Option<ReasoningShow>,
    /// The thoughts are to be given in encrypted form, for the way back (Responses).
    pub encrypted: bool,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// Whether the model is to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ReasoningMode {
    /// Nobody said.
    #[default]
    Unsaid,
    /// No.
    Off,
    /// Yes.
    On,
    /// As much as the model finds right.
    Adaptive,
}

/// What is to be shown of the model's thoughts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReasoningShow {
    /// Nothing.
    Nothing,
    /// They in short; the word is OpenAI's, such as `auto`.
    Summary(JsonText),
    /// All.
    Full,
}
