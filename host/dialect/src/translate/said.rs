//! What a speaker says, for wires that have one text for it and little beside.

use weir_http::json::JsonKind;

use super::order::SpokenTurn;
use super::results::as_one;
use crate::canon::{
    ChatTool, ContentBlock, FieldLosses, JsonText, JsonWriter, MediaBlock, RawJson, ReasoningBlock, TextBlock,
    ToolUseBlock,
};

/// What the model says until another speaks: its text, its thoughts and its calls.
#[derive(Debug, Default)]
pub struct ModelSaid<'a> {
    /// The text of each turn.
    texts: Vec<JsonText>,
    /// What it thought, thought by thought.
    pub thoughts: Vec<JsonText>,
    /// The tools that it called.
    pub calls: Vec<&'a ToolUseBlock>,
}

impl<'a> ModelSaid<'a> {
    /// What it says in these turns. What is neither text nor thought nor call is named.
    #[must_use]
    pub fn of(spoken: &SpokenTurn<'a>, losses: &mut FieldLosses) -> Self {
        let mut said = Self::default();
        for turn in &spoken.turns {
            let mut texts = Vec::new();
            for block in &turn.blocks {
                match block {
                    ContentBlock::Text(text) => {
                        if !text.citations.is_empty() {
                            losses.lose("messages.content.citations");
                        }
                        texts.push(text_of(text, losses));
                    }
                    ContentBlock::Refusal(text) => texts.push(&text.text),
                    ContentBlock::Reasoning(thought) => said.thoughts.extend(thought_of(thought)),
                    ContentBlock::ToolUse(call) => said.calls.push(call),
                    other => lose_block(other, losses),
                }
            }
            let text = JsonText::concat(texts);
            said.texts.extend(Some(text).filter(|text| !text.is_empty()));
        }
        said
    }

    /// Its text, with a blank line between turns; none if it says none.
    #[must_use]
    pub fn text(&self) -> Option<JsonText> {
        (!self.texts.is_empty()).then(|| as_one(&self.texts))
    }

    /// Whether it says nothing and calls nothing, whatever it thought.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.texts.is_empty() && self.calls.is_empty()
    }
}

/// What a text says. What stands beside it is named.
pub fn text_of<'a>(text: &'a TextBlock, losses: &mut FieldLosses) -> &'a JsonText {
    losses.lose_extras("messages.content", &text.extra);
    if text.cache.is_some() {
        losses.lose("messages.content.cache_control");
    }
    &text.text
}

/// Names what stands beside a picture's place and type.
pub fn lose_beside(media: &MediaBlock, losses: &mut FieldLosses) {
    if media.cache.is_some() {
        losses.lose("messages.content.cache_control");
    }
}

/// What a thought says: in its own words, or else in short. None of one that is all signature.
#[must_use]
pub fn thought_of(thought: &ReasoningBlock) -> Option<JsonText> {
    let said = if thought.text.is_empty() { as_one(&thought.summary) } else { JsonText::concat(&thought.text) };
    (!said.is_empty()).then_some(said)
}

/// The arguments of a call as an object. One that is none is wrapped, and that is named.
pub fn input_of(call: &ToolUseBlock, losses: &mut FieldLosses) -> RawJson {
    let (input, wrapped) = call.input.to_object();
    if wrapped && !call.custom {
        losses.lose("messages.content.tool_use.input");
    }
    input
}

/// Names a block that cannot be told.
pub fn lose_block(block: &ContentBlock, losses: &mut FieldLosses) {
    match block {
        ContentBlock::Image(_) => losses.lose("messages.content.image"),
        ContentBlock::Audio(_) => losses.lose("messages.content.audio"),
        ContentBlock::Video(_) => losses.lose("messages.content.video"),
        ContentBlock::Document(_) => losses.lose("messages.content.document"),
        ContentBlock::ServerTool(_) => losses.lose("messages.content.server_tool"),
        ContentBlock::ToolResult(_) => losses.lose("messages.content.tool_result"),
        ContentBlock::Reasoning(_) => losses.lose("messages.content.reasoning"),
        ContentBlock::Other(other) => losses.lose_extra("messages.content", other.kind.as_bytes()),
        ContentBlock::Text(_) | ContentBlock::Refusal(_) | ContentBlock::ToolUse(_) => {}
    }
}

/// The schema of a tool's arguments, which is an object: one that takes all there are where there is none.
#[must_use]
pub fn schema_of(tool: &ChatTool) -> RawJson {
    let schema = tool.schema.clone().filter(|schema| schema.kind() == JsonKind::Object);
    schema.unwrap_or_else(|| {
        let mut out = JsonWriter::default();
        out.open().name("type").string("object").name("properties").open().close().close();
        out.finish_raw()
    })
}
