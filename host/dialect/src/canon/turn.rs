//! Turns of a conversation.

use super::{ContentBlock, ContentForm, JsonText, RawMembers};

/// One turn, with what it says in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatTurn {
    /// Who speaks.
    pub role: TurnRole,
    /// Where in its wire it stood.
    pub origin: TurnOrigin,
    /// The name of who speaks, where the wire has one.
    pub name: Option<JsonText>,
    /// Its identifier, where the wire has one.
    pub id: Option<JsonText>,
    /// What it says.
    pub blocks: Vec<ContentBlock>,
    /// How its content was written.
    pub form: ContentForm,
    /// What only its wire has.
    pub extra: RawMembers,
}

impl ChatTurn {
    /// A turn that says these, written as parts.
    #[must_use]
    pub fn of(role: TurnRole, blocks: Vec<ContentBlock>) -> Self {
        Self {
            role,
            origin: TurnOrigin::Message,
            name: None,
            id: None,
            blocks,
            form: ContentForm::Parts,
            extra: RawMembers::default(),
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnRole {
    /// The application, over all that follows.
    System,
    /// The application, as OpenAI's newer models call it.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool that the model has called: nothing but [`ContentBlock::ToolResult`]s.
    Tool,
}

/// Where in its wire a turn stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnOrigin {
    /// In the list of messages.
    Message,
    /// In a parameter of its own: `system` (Anthropic, Bedrock), `systemInstruction` (Gemini), `instructions` (Responses).
    Parameter,
    /// It is an item of the list, as a tool call is in Responses, where elsewhere it is part of a turn.
    Item,
}
