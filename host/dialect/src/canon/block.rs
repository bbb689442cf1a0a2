//! What a turn says, piece by piece.

use super::{
    CacheMark, CitationNote, ContentForm, DocumentBlock, JsonText, JsonWriter, MediaBlock, RawJson, RawMembers,
    ReasoningBlock, ThoughtSignature,
};

/// One piece of what a turn says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentBlock {
    /// Text.
    Text(TextBlock),
    /// An image.
    Image(MediaBlock),
    /// A recording of sound.
    Audio(MediaBlock),
    /// A moving picture.
    Video(MediaBlock),
    /// A document or file.
    Document(DocumentBlock),
    /// The model calls a tool of the client's.
    ToolUse(ToolUseBlock),
    /// What a tool of the client's has answered.
    ToolResult(ToolResultBlock),
    /// What the model thought.
    Reasoning(ReasoningBlock),
    /// The model says that it will not.
    Refusal(TextBlock),
    /// A tool that runs at the provider: a call or a result.
    ServerTool(ServerToolBlock),
    /// Anything else, as it stood.
    Other(OtherBlock),
}

/// Text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextBlock {
    /// What it says.
    pub text: JsonText,
    /// What it rests on.
    pub citations: Vec<CitationNote>,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What the wire says of the probability of its tokens, as it stood.
    pub logprobs: Option<RawJson>,
    /// What only its wire has.
    pub extra: RawMembers,
}

impl TextBlock {
    /// Nothing but text.
    #[must_use]
    pub fn of(text: JsonText) -> Self {
        Self { text, ..Self::default() }
    }
}

/// The model calls a tool of the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUseBlock {
    /// What its result will name; none in a wire that has no such thing.
    pub id: Option<JsonText>,
    /// Its identifier as an item, which Responses has beside `call_id`.
    pub item: Option<JsonText>,
    /// The tool.
    pub name: JsonText,
    /// The arguments.
    pub input: ToolInput,
    /// It is a tool that takes free text (OpenAI's `custom`).
    pub custom: bool,
    /// What the model needs to see again with it.
    pub signature: Option<ThoughtSignature>,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What only its wire has.
    pub extra: RawMembers,
}

impl ToolUseBlock {
    /// A call of this name with these arguments, and nothing else.
    #[must_use]
    pub fn of(id: Option<JsonText>, name: JsonText, input: ToolInput) -> Self {
        Self { id, item: None, name, input, custom: false, signature: None, cache: None, extra: RawMembers::default() }
    }
}

/// Arguments of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolInput {
    /// A JSON value, mostly an object.
    Json(RawJson),
    /// Text: what a wire writes in a string and is mostly, but need not be, JSON, such as arguments that were cut off.
    Text(JsonText),
}

impl ToolInput {
    /// The arguments as one JSON object. Blank text and `null`, which some models write where a tool takes none, are an empty one;
    /// what is no object comes as `{"_raw": …}`, and true beside it says so.
    #[must_use]
    pub fn to_object(&self) -> (RawJson, bool) {
        let value = match self {
            Self::Json(raw) => Some(raw.clone()),
            Self::Text(text) if text.text().trim().is_empty() => Some(RawJson::EMPTY_OBJECT),
            Self::Text(text) => RawJson::parse_text(text).ok(),
        };
        match value {
            Some(object) if object.kind() == weir_http::json::JsonKind::Object => (object, false),
            Some(null) if null.is_null() => (RawJson::EMPTY_OBJECT, false),
            Some(other) => (wrapped(&other), true),
            None => (wrapped(&RawJson::of_text(&self.to_text())), true),
        }
    }

    /// The arguments written in a string.
    #[must_use]
    pub fn to_text(&self) -> JsonText {
        match self {
            Self::Json(raw) => raw.to_text(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn wrapped(value: &RawJson) -> RawJson {
    let mut out = JsonWriter::with_capacity(value.bytes().len() + 10);
    out.open().name("_raw").raw(value).close();
    out.finish_raw()
}

/// What a tool of the client's has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResultBlock {
    /// Which call it answers; none in a wire that has no such thing.
    pub id: Option<JsonText>,
    /// The tool, where the wire says it again.
    pub name: Option<JsonText>,
    /// What it says: text, images, documents, and [`OtherBlock`]s of the kind `json` for values.
    pub content: Vec<ContentBlock>,
    /// How that was written.
    pub form: ContentForm,
    /// Whether the tool has failed, where that was said.
    pub failed: Option<bool>,
    /// The provider is to keep what stands up to here in its cache.
    pub cache: Option<CacheMark>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// A tool that runs at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerToolBlock {
    /// Whether it was called or has answered.
    pub kind: ServerToolKind,
    /// The tool.
    pub name: Option<JsonText>,
    /// The call.
    pub id: Option<JsonText>,
    /// All of it, as it stood.
    pub raw: RawJson,
}

/// What of a tool that runs at the provider is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerToolKind {
    /// The call.
    Call,
    /// The answer.
    Result,
}

/// What has no place in the canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherBlock {
    /// What its wire calls it.
    pub kind: Box<str>,
    /// All of it, as it stood.
    pub raw: RawJson,
}
